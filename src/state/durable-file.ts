import { dirname } from 'node:path';
import type { Adapter } from 'lowdb';
import { type FileCalls, readWhole, removeFile, syncFolder, unlessAbsent, writeNew } from './file-calls.ts';

/** Makes a document of what was read, undefined where it is none; throws where a later program wrote it. */
export type Read<T> = (content: unknown) => T | undefined;

export interface DurableFileOptions<T> {
  path: string;
  read: Read<T>;
  files: FileCalls;
  /** Hears what of the newest changes is missing, and why. */
  onLoss: (reason: string) => void;
}

interface Found<T> {
  document: T;
  revision: number;
}

interface Unusable {
  problem: string;
  absent: boolean;
}

/**
 * One JSON document in a file, as an adapter of lowdb that survives a power cut at any moment. One process at a time. A write is
 *
 * 1. `FILE.new`, written and synced;
 * 2. `FILE.bak`, a second name for the document before, for when the newer one cannot be read: only where that one could be;
 * 3. the rename of `FILE.new` to `FILE`;
 * 4. a sync of the folder.
 *
 * Before 3 the document before counts, and `FILE.new` tells at the next start that a change was under way. `revision` counts the writes.
 */
export class DurableFile<T extends object> implements Adapter<T> {
  readonly #path: string;
  readonly #options: DurableFileOptions<T>;
  #revision = 0;
  /** What `FILE` holds is a document. Otherwise it must not take the place of `FILE.bak`, the only one that is left. */
  #isSound = false;

  constructor(options: DurableFileOptions<T>) {
    this.#path = options.path;
    this.#options = options;
  }

  /** Null where there is none. One that cannot be read, with none before it that can, is set aside: nobody should be without a bot for it. */
  async read(): Promise<T | null> {
    const current = await this.#parse(this.#path);
    this.#isSound = 'document' in current;
    const chosen = 'document' in current ? current : await this.#before(current);
    this.#revision = chosen?.revision ?? 0;
    await this.#settleUnfinished();
    return chosen?.document ?? null;
  }

  async write(document: T): Promise<void> {
    const { files } = this.#options;
    const unfinished = `${this.#path}.new`;
    const revision = this.#revision + 1;
    await writeNew(files, unfinished, Buffer.from(JSON.stringify({ revision, ...document })));
    if (this.#isSound) await this.#keepBefore();
    await files.rename(unfinished, this.#path);
    this.#revision = revision;
    this.#isSound = true;
    await syncFolder(files, dirname(this.#path));
  }

  /** Between the two calls there is no `FILE.bak`, but a sound `FILE`. */
  async #keepBefore(): Promise<void> {
    const { files } = this.#options;
    await removeFile(files, `${this.#path}.bak`);
    await files.link(this.#path, `${this.#path}.bak`).catch(unlessAbsent);
  }

  async #before(current: Unusable): Promise<Found<T> | undefined> {
    const before = await this.#parse(`${this.#path}.bak`);
    if ('document' in before) {
      this.#options.onLoss(`${this.#path} ${current.problem}; the version before it is used, without the last change`);
      return before;
    }
    if (current.absent && before.absent) return undefined;
    const aside = await this.#setAside([current, before]);
    this.#options.onLoss(
      `${this.#path} ${current.problem}, and the version before it ${before.problem}. All that it held is lost; what was there is in ${aside}`,
    );
    return undefined;
  }

  /** Nothing is deleted: somebody may want to look at it. */
  async #setAside([current, before]: [Unusable, Unusable]): Promise<string> {
    const { files } = this.#options;
    const names: string[] = [];
    for (const [path, { absent }] of [
      [this.#path, current],
      [`${this.#path}.bak`, before],
    ] as const) {
      if (absent) continue;
      const aside = await freeName(files, `${path}.unreadable`);
      await files.rename(path, aside);
      names.push(aside);
    }
    await syncFolder(files, dirname(this.#path));
    return names.join(' and ');
  }

  /** What a write has left that did not come to its end. */
  async #settleUnfinished(): Promise<void> {
    const { files, onLoss } = this.#options;
    const path = `${this.#path}.new`;
    const content = await readWhole(files, path);
    if (content === undefined) return;
    // A power cut may leave both names of a rename.
    const { revision } = revisionOf(content);
    if (revision === undefined || revision > this.#revision) {
      onLoss(`A change was being written to ${this.#path} when the program ended, and is lost`);
    }
    await removeFile(files, path);
  }

  async #parse(path: string): Promise<Found<T> | Unusable> {
    const bytes = await readWhole(this.#options.files, path);
    if (bytes === undefined) return { problem: 'does not exist', absent: true };
    const { content, revision = 0 } = revisionOf(bytes);
    if (content === undefined) return { problem: 'is no JSON', absent: false };
    const document = this.#options.read(content);
    if (document !== undefined) return { document, revision };
    return { problem: 'is no state document', absent: false };
  }
}

async function freeName(files: FileCalls, wanted: string): Promise<string> {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    if ((await files.lstat(name).catch(unlessAbsent)) === undefined) return name;
  }
}

/** The document as it was given to `write`, and the number of the write; neither where it is no JSON. */
function revisionOf(bytes: Buffer): { content?: unknown; revision?: number | undefined } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch {
    return {};
  }
  if (typeof parsed !== 'object' || parsed === null) return { content: parsed };
  const { revision, ...content } = parsed as { revision?: unknown };
  return { content, revision: typeof revision === 'number' ? revision : undefined };
}
