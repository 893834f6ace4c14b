import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemCode } from '../../shared/errors.ts';
import type { FileSystem } from './file-system.ts';

const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY;
/** File systems without an fsync for folders (some network ones) answer so; their renames are as durable as they get. */
const CANNOT_SYNC = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP']);
const NOT_READABLE = new Set(['EACCES', 'EPERM']);

/** fsync of a folder: when it resolves, the names in it survive a power cut. */
export async function syncFolder(files: FileSystem, path: string): Promise<void> {
  const folder = await files.open(path, OPEN_FOLDER);
  try {
    await folder.sync();
  } catch (error) {
    if (!CANNOT_SYNC.has(systemCode(error) ?? '')) throw error;
  } finally {
    await folder.close();
  }
}

/**
 * Makes folders below a root and remembers which are known to survive a power cut: those whose name was there when
 * their parent was synced. That a folder exists does not tell that whoever made it has synced its parent, so that is
 * done here once per parent, for all the folders that it holds by then.
 */
export class DurableFolders {
  readonly #files: FileSystem;
  readonly #root: string;
  readonly #durable = new Map<string, Promise<void>>();
  readonly #children = new Map<string, Promise<Set<string>>>();

  constructor(files: FileSystem, root: string) {
    this.#files = files;
    this.#root = root;
  }

  /** Makes `path` (at or below the root) and its parents where missing; resolves when all of them are durable. */
  ensure(path: string): Promise<void> {
    return remember(this.#durable, path, () => (path === this.#root ? this.#syncAboveRoot() : this.#make(path)));
  }

  /** Forgets `path` and the folders above it, for when one of them turned out to be gone. */
  forget(path: string): void {
    for (let at = path; at.startsWith(this.#root); at = dirname(at)) {
      this.#durable.delete(at);
      this.#children.delete(at);
      if (at === this.#root) return;
    }
  }

  async #make(path: string): Promise<void> {
    const parent = dirname(path);
    await this.ensure(parent);
    const children = await remember(this.#children, parent, () => this.#syncChildren(parent));
    if (children.has(path)) return;
    await makeFolder(this.#files, path);
    await syncFolder(this.#files, parent);
  }

  async #syncChildren(path: string): Promise<Set<string>> {
    const entries = await this.#files.readdir(path);
    await syncFolder(this.#files, path);
    return new Set(entries.filter((entry) => entry.isDirectory()).map((entry) => join(path, entry.name)));
  }

  /** The folder that holds the root may belong to somebody else, who then answers for it. */
  async #syncAboveRoot(): Promise<void> {
    try {
      await syncFolder(this.#files, dirname(this.#root));
    } catch (error) {
      if (!NOT_READABLE.has(systemCode(error) ?? '')) throw error;
    }
  }
}

/** Makes a folder for its owner alone; one that exists is fine. */
export async function makeFolder(files: FileSystem, path: string): Promise<void> {
  try {
    await files.mkdir(path, 0o700);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

/** The promise kept for `key`, made once; a rejected one is not kept. */
function remember<T>(kept: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const found = kept.get(key);
  if (found !== undefined) return found;
  const made = make();
  kept.set(key, made);
  made.catch(() => kept.delete(key));
  return made;
}
