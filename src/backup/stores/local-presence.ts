import { constants } from 'node:fs';
import { HoldfastError, systemCode } from '../../shared/errors.ts';
import type { FileFacts, FileSystem } from './file-system.ts';
import { isObjectName } from './object-name.ts';

const ADVICE = 'Mount the disk or reconnect the share that holds the repository, then try again.';

/**
 * Watches over the folder that a store lives in. A disk that is unmounted leaves an empty folder behind: without this,
 * every object would look absent, and new ones would go to the wrong disk.
 */
export class LocalPresence {
  readonly #files: FileSystem;
  readonly #root: string;
  #first: FileFacts | undefined;
  #filled = false;

  constructor(files: FileSystem, root: string) {
    this.#files = files;
    this.#root = root;
  }

  /** Throws `store_unavailable` when there is no folder; looks only once. */
  async begin(): Promise<void> {
    this.#first ??= await this.#look();
  }

  /** To be called once something was found in the store. */
  noteFilled(): void {
    this.#filled = true;
  }

  /** Throws `store_unavailable` when the folder is gone, is another one than at first, or has lost all that was in it. */
  async check(): Promise<void> {
    const now = await this.#look();
    this.#first ??= now;
    if (now.dev !== this.#first.dev || now.ino !== this.#first.ino) throw this.#gone('is not the same folder any more');
    if (this.#filled && !(await this.#holdsSomething())) throw this.#gone('is empty now');
  }

  async #look(): Promise<FileFacts> {
    try {
      const folder = await this.#files.open(this.#root, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        return await folder.stat();
      } finally {
        await folder.close();
      }
    } catch (error) {
      if (systemCode(error) === 'ENOENT') throw this.#gone('does not exist', error);
      if (systemCode(error) === 'ENOTDIR') throw this.#gone('is not a folder', error);
      throw error;
    }
  }

  async #holdsSomething(): Promise<boolean> {
    const entries = await this.#files.readdir(this.#root);
    return entries.some(({ name }) => name === 'tmp' || isObjectName(name));
  }

  #gone(found: string, cause?: unknown): HoldfastError {
    return new HoldfastError('store_unavailable', `The repository's folder ${this.#root} ${found}.`, {
      advice: ADVICE,
      cause,
    });
  }
}
