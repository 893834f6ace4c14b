import { openOrMake } from './open-or-make.ts';
import type { Posix } from './posix.ts';
import { lastName, parentPath, SafePath } from './safe-path.ts';

/** Longer paths are not looked up by each of the folders above them: that takes the square of their length, and a snapshot may have any. */
const LONG_PATH = 4096;

/**
 * The folders below an open root, found one component at a time without ever following a link, as `SafePath` finds them; but those that were
 * asked for last stay open wherever they are. For a tree that this process alone writes to, in no particular order: a folder that was renamed or
 * replaced is still the old one here. Belongs to one thread; several may work below the same root.
 */
export class FolderCache {
  readonly #posix: Posix;
  readonly #root: number;
  readonly #maxOpen: number;
  /** The one used last is the last. */
  readonly #open = new Map<string, number>();
  readonly #long: SafePath;
  #path = '';
  #fd: number;

  /** `root` stays the caller's own. At most `maxOpen` further descriptors are held at a time, and as many for paths of great length. */
  constructor(posix: Posix, root: number, maxOpen: number) {
    this.#posix = posix;
    this.#root = root;
    this.#maxOpen = maxOpen;
    this.#long = new SafePath(posix, root, maxOpen);
    this.#fd = root;
  }

  /** The descriptor of the folder at `path` ('' is the root): good until the next call, not for closing. */
  directory(path: string): number {
    return this.#last(path, undefined);
  }

  /** As `directory`, but makes what is missing, with `mode` (subject to the umask). */
  ensureDirectory(path: string, mode: number): number {
    return this.#last(path, mode);
  }

  close(): void {
    for (const fd of this.#open.values()) this.#posix.close(fd);
    this.#open.clear();
    this.#long.close();
    this.#path = '';
    this.#fd = this.#root;
  }

  /** Neighbours follow each other more often than not. */
  #last(path: string, createMode: number | undefined): number {
    if (path.length > LONG_PATH) {
      return createMode === undefined ? this.#long.directory(path) : this.#long.ensureDirectory(path, createMode);
    }
    if (path === this.#path) return this.#fd;
    this.#fd = this.#find(path, createMode);
    this.#path = path;
    return this.#fd;
  }

  /** Downwards from the nearest folder that is open. */
  #find(path: string, createMode: number | undefined): number {
    const missing: string[] = [];
    let above = path;
    while (above !== '' && !this.#open.has(above)) {
      missing.push(above);
      above = parentPath(above);
    }
    let fd = above === '' ? this.#root : this.#touch(above);
    for (const folder of missing.reverse()) {
      fd = openOrMake(this.#posix, fd, lastName(folder), createMode);
      this.#open.set(folder, fd);
      if (this.#open.size > this.#maxOpen) this.#closeOldest();
    }
    return fd;
  }

  #touch(path: string): number {
    const fd = this.#open.get(path) as number;
    this.#open.delete(path);
    this.#open.set(path, fd);
    return fd;
  }

  #closeOldest(): void {
    const [path, fd] = this.#open.entries().next().value as [string, number];
    this.#open.delete(path);
    this.#posix.close(fd);
  }
}
