import type { ByteString } from '../../shared/bytes.ts';
import { openOrMake } from './open-or-make.ts';
import type { Posix } from './posix.ts';

/** Enough that ordinary trees never open a folder twice, and far below the usual limit of 1,024 descriptors. */
const MAX_OPEN = 64;

/**
 * The folders below an open root, found one component at a time without ever following a link, so that no path can
 * lead outside, whatever others do to the tree meanwhile. Paths may be longer than the kernel's PATH_MAX.
 *
 * The folders from the root to the last one asked for stay open, which suits depth-first order: a neighbour costs one
 * open, the same folder none. A folder that was renamed or replaced since is still the old one here: see `forget`.
 * Belongs to one thread; several may work below the same root.
 */
export class SafePath {
  readonly #posix: Posix;
  readonly #root: number;
  readonly #maxOpen: number;
  #path = '';
  #names: ByteString[] = [];
  /** One per name; -1 where it was closed to stay within the limit. The open ones are the deepest. */
  #fds: number[] = [];
  #open = 0;

  /** `root` stays the caller's own. At most `maxOpen` further descriptors are held at a time. */
  constructor(posix: Posix, root: number, maxOpen: number = MAX_OPEN) {
    this.#posix = posix;
    this.#root = root;
    this.#maxOpen = maxOpen;
  }

  /** The descriptor of the folder at `path` ('' is the root): good until the next call, not for closing. */
  directory(path: string): number {
    return this.#resolve(path, undefined);
  }

  /** As `directory`, but makes what is missing, with `mode` (subject to the umask). */
  ensureDirectory(path: string, mode: number): number {
    return this.#resolve(path, mode);
  }

  /** Closes the folder at `path` and those below it: call it before or after renaming or removing that folder. */
  forget(path: string): void {
    if (path === '') this.#keep(0);
    else if (this.#path === path || this.#path.startsWith(`${path}/`)) this.#keep(path.split('/').length - 1);
  }

  close(): void {
    this.#keep(0);
  }

  #resolve(path: string, createMode: number | undefined): number {
    if (path !== this.#path) {
      const names = path === '' ? [] : (path.split('/') as ByteString[]);
      this.#keep(this.#countShared(names));
      while (this.#names.length < names.length) this.#descend(names[this.#names.length] as ByteString, createMode);
    }
    return this.#top();
  }

  #countShared(names: readonly ByteString[]): number {
    let count = 0;
    while (count < this.#names.length && this.#names[count] === names[count]) count++;
    return count;
  }

  #descend(name: ByteString, createMode: number | undefined): void {
    const fd = openOrMake(this.#posix, this.#top(), name, createMode);
    this.#path = this.#names.length === 0 ? name : `${this.#path}/${name}`;
    this.#names.push(name);
    this.#fds.push(-1);
    this.#hold(this.#fds.length - 1, fd);
  }

  /** The deepest folder's descriptor, opened again when it had been closed. */
  #top(): number {
    const last = this.#fds.length - 1;
    if (last < 0) return this.#root;
    const fd = this.#fds[last] as number;
    return fd >= 0 ? fd : this.#reopen(last);
  }

  /** On the way up from great depth: walks from the root again, which leaves the next levels up open as well. */
  #reopen(last: number): number {
    let fd = this.#root;
    for (let level = 0; level <= last; level++) {
      try {
        fd = this.#posix.openDirectory(fd, this.#names[level] as ByteString);
      } catch (error) {
        this.#keep(level);
        throw error;
      }
      this.#hold(level, fd);
    }
    return fd;
  }

  /** Keeps a descriptor for a level, and closes the shallowest when there are too many. */
  #hold(level: number, fd: number): void {
    this.#fds[level] = fd;
    this.#open++;
    if (this.#open > this.#maxOpen) this.#release(level - this.#maxOpen);
  }

  #keep(count: number): void {
    if (count === this.#names.length) return;
    for (let level = this.#fds.length - 1; level >= count; level--) this.#release(level);
    this.#fds.length = count;
    this.#names.length = count;
    this.#path = this.#names.join('/');
  }

  #release(level: number): void {
    const fd = this.#fds[level] as number;
    if (fd < 0) return;
    this.#fds[level] = -1;
    this.#open--;
    this.#posix.close(fd);
  }
}

/** The path of the folder that holds `path`: '' for a name in the root. */
export function parentPath(path: string): ByteString {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0)) as ByteString;
}

/** The last component of `path`. */
export function lastName(path: string): ByteString {
  return path.slice(path.lastIndexOf('/') + 1) as ByteString;
}
