import type { ByteString } from '../../shared/bytes.ts';
import { HoldfastError, systemCode } from '../../shared/errors.ts';
import { printableName } from '../../shared/printable.ts';
import type { Posix } from './posix.ts';

/** Folders open at once. What lies deeper is moved up first. */
const MAX_DEPTH = 32;

/**
 * Deletes `name` in the open folder `dir` and everything below it, however deep, with bounded descriptors and stack. Links are
 * deleted, never followed; other file systems mounted inside are refused; own folders without
 * permissions are opened up first. What is absent already is no error. Other errors do not stop the rest:
 * the first is thrown at the end. Synchronous: a large tree belongs in a worker thread.
 */
export function removeTree(posix: Posix, dir: number, name: ByteString): void {
  new TreeRemoval(posix, posix.status(dir).dev).run(dir, name);
}

class TreeRemoval {
  readonly #posix: Posix;
  readonly #device: number;
  #top = -1;
  #moved = 0;
  #errors: unknown[] = [];

  constructor(posix: Posix, device: number) {
    this.#posix = posix;
    this.#device = device;
  }

  run(dir: number, name: ByteString): void {
    this.#attempt(() => {
      if (!this.#unlink(dir, name)) this.#removeTop(dir, name);
    });
    if (this.#errors.length > 0) throw this.#errors[0];
  }

  #removeTop(dir: number, name: ByteString): void {
    this.#top = this.#openUp(dir, name);
    try {
      let movedBefore: number;
      do {
        movedBefore = this.#moved;
        this.#empty(this.#top, 1);
      } while (this.#moved > movedBefore);
    } finally {
      this.#posix.close(this.#top);
    }
    this.#posix.removeDirectory(dir, name);
  }

  #empty(fd: number, depth: number): void {
    for (const name of this.#posix.names(fd)) {
      this.#attempt(() => {
        if (!this.#unlink(fd, name)) this.#removeFolder(fd, name, depth);
      });
    }
  }

  #removeFolder(dir: number, name: ByteString, depth: number): void {
    const fd = this.#openUp(dir, name);
    try {
      if (depth < MAX_DEPTH) this.#empty(fd, depth + 1);
      else if (this.#posix.names(fd).length > 0) {
        this.#moveUp(dir, name);
        return;
      }
    } finally {
      this.#posix.close(fd);
    }
    this.#posix.removeDirectory(dir, name);
  }

  /** The next pass over the topmost folder finds it there. */
  #moveUp(dir: number, name: ByteString): void {
    for (;;) {
      this.#moved++;
      try {
        this.#posix.renameNoReplace(dir, name, this.#top, `.removing-${this.#moved}` as ByteString);
        return;
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') throw error;
      }
    }
  }

  /** False when `name` is a folder. */
  #unlink(dir: number, name: ByteString): boolean {
    try {
      this.#posix.unlink(dir, name);
      return true;
    } catch (error) {
      const code = systemCode(error);
      if (code === 'EISDIR') return false;
      // What POSIX asks for where Linux says EISDIR; also the answer for a protected file.
      if (code === 'EPERM' && this.#posix.statusAt(dir, name).type === 'directory') return false;
      throw error;
    }
  }

  /** Opens a folder in such a way that its owner may list and empty it. */
  #openUp(dir: number, name: ByteString): number {
    const fd = this.#openForced(dir, name);
    try {
      const { dev, mode } = this.#posix.status(fd);
      if (dev !== this.#device) throw mounted(name);
      if ((mode & 0o700) !== 0o700) this.#posix.setMode(fd, 0o700);
      return fd;
    } catch (error) {
      this.#posix.close(fd);
      throw error;
    }
  }

  #openForced(dir: number, name: ByteString): number {
    try {
      return this.#posix.openDirectory(dir, name);
    } catch (error) {
      if (systemCode(error) !== 'EACCES') throw error;
    }
    this.#posix.setModeAt(dir, name, 0o700);
    return this.#posix.openDirectory(dir, name);
  }

  #attempt(call: () => void): void {
    try {
      call();
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') this.#errors.push(error);
    }
  }
}

function mounted(name: ByteString): HoldfastError {
  return new HoldfastError(
    'refused',
    `Another file system is mounted on '${printableName(name)}', inside what is to be deleted.`,
    {
      advice: 'Unmount it, then try again.',
    },
  );
}
