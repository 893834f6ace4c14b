import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RandomSource } from '../shared/random.ts';
import type { HeadMemory, Heads } from './repository/history.ts';

/**
 * What this installation remembers of repositories: who it is as a writer, and the newest snapshots it has seen, so that a repository that was put back
 * to an older state is noticed. A small folder of the user's own; where it cannot be written, nothing is remembered and nothing else changes.
 */
export class LocalMemory {
  readonly #folder: string | undefined;
  readonly #random: RandomSource;

  /** `folder`: where to remember; undefined to remember nothing. */
  constructor(folder: string | undefined, random: RandomSource) {
    this.#folder = folder;
    this.#random = random;
  }

  /** This installation's ID as a writer: 32 hexadecimal digits, the same in every run. */
  async writer(): Promise<string> {
    const known = await this.#read<{ writer: string }>('installation.json');
    if (typeof known?.writer === 'string' && /^[0-9a-f]{32}$/.test(known.writer)) return known.writer;
    const writer = this.#random.bytes(16).toString('hex');
    await this.#write('installation.json', { writer });
    return writer;
  }

  /** Heads are kept for a repository in its place: a mirror of it may lag behind without anything being wrong. */
  heads(repositoryId: string, location: string): HeadMemory {
    const place = createHash('sha256').update(location).digest('hex').slice(0, 16);
    const name = `heads-${repositoryId.slice(0, 16)}-${place}.json`;
    return {
      load: async () => (await this.#read<Heads>(name)) ?? {},
      save: (heads) => this.#write(name, heads),
    };
  }

  async #read<T>(name: string): Promise<T | undefined> {
    if (this.#folder === undefined) return undefined;
    try {
      return JSON.parse(await readFile(join(this.#folder, name), 'utf8')) as T;
    } catch {
      return undefined;
    }
  }

  async #write(name: string, value: unknown): Promise<void> {
    if (this.#folder === undefined) return;
    const path = join(this.#folder, name);
    const temporary = `${path}.${this.#random.bytes(6).toString('hex')}`;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await writeFile(temporary, `${JSON.stringify(value)}\n`, { mode: 0o600 });
      await rename(temporary, path);
    } catch {
      // Remembering is a help, not a condition: a read-only home must not stop a backup.
    }
  }
}
