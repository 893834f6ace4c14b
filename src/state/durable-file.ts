import { link, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Adapter } from 'lowdb';
import { HoldfastError, systemCode } from '../shared/errors.ts';

/** Makes a document of what was read, undefined where it is none; throws where a later program wrote it. */
export type Read<T> = (content: unknown) => T | undefined;

/**
 * One JSON document in a file, as an adapter of lowdb that survives a power cut at any moment: a write is a new file that is synced, takes the old one's
 * name, and whose folder is synced. The document before is kept as `FILE.bak`, for when the newer one cannot be read. One process at a time.
 */
export class DurableFile<T> implements Adapter<T> {
  readonly #path: string;
  readonly #read: Read<T>;
  readonly #onFallback: (reason: string) => void;

  /** `onFallback` hears why the document before had to be taken. */
  constructor(path: string, read: Read<T>, onFallback: (reason: string) => void) {
    this.#path = path;
    this.#read = read;
    this.#onFallback = onFallback;
  }

  /** @throws HoldfastError `damaged` where neither the document nor the one before it can be read */
  async read(): Promise<T | null> {
    const current = await this.#parse(this.#path);
    if (current.document !== undefined) return current.document;
    const before = await this.#parse(`${this.#path}.bak`);
    if (before.document !== undefined) {
      this.#onFallback(`${this.#path} ${current.problem}; the version before it is used`);
      return before.document;
    }
    if (current.absent && before.absent) return null;
    throw new HoldfastError(
      'damaged',
      `${this.#path} ${current.problem}, and the version before it ${before.problem}`,
      {
        advice: 'Move both files away to start with an empty state: backups do not depend on it.',
      },
    );
  }

  async write(document: T): Promise<void> {
    const temporary = `${this.#path}.new`;
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(document));
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#keepBefore();
    await rename(temporary, this.#path);
    await syncFolder(dirname(this.#path));
  }

  async #keepBefore(): Promise<void> {
    const before = `${this.#path}.bak`;
    await unlink(before).catch(ignoreAbsent);
    await link(this.#path, before).catch(ignoreAbsent);
  }

  async #parse(path: string): Promise<{ document?: T; problem: string; absent: boolean }> {
    let content: string;
    try {
      content = await readFile(path, 'utf8');
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      return { problem: 'does not exist', absent: true };
    }
    let parsed: unknown;
    try {
      parsed = JSON.parse(content);
    } catch {
      return { problem: 'is no JSON', absent: false };
    }
    const document = this.#read(parsed);
    if (document !== undefined) return { document, problem: '', absent: false };
    return { problem: 'is no state document', absent: false };
  }
}

function ignoreAbsent(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error;
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
