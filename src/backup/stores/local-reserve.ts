import { constants } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../shared/errors.ts';
import { makeFolder, syncFolder } from './durable-folders.ts';
import { writeFully } from './file-content.ts';
import type { FileSystem, OpenFile } from './file-system.ts';

const RESERVE_BYTES = 512 * 1024;
/** Notes, marks, and the folders and files that it takes to put them. */
const RESERVE_NAMES = 32;
/** The reserve is made only where it leaves at least three times its size. */
const ROOM_FACTOR = 4;
const SMALL_BYTES = 64 * 1024;
const WHAT_PRUNE_NEEDS = /^(?:gc|notes)\//;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/**
 * Whether an object may be stored at the cost of the reserve: the small ones without which nothing can be deleted. Sessions are none of them: a
 * backup that fails for want of room must not use up what is meant for the next `forget`.
 */
export function mayUseReserve(name: string, size: number): boolean {
  return size < SMALL_BYTES && WHAT_PRUNE_NEEDS.test(name);
}

/**
 * `tmp/reserve/`: 512 KiB of real blocks and some files, kept so that a file system without a free byte or a free inode can be pruned. Deleting
 * packs needs a mark and notes to be put first; when there is no room for one of them, the reserve is deleted, which makes room for all of them.
 * It is made again by a later process that stores something when there is room.
 */
export class LocalReserve {
  readonly #files: FileSystem;
  readonly #tmp: string;
  readonly #folder: string;

  constructor(files: FileSystem, tmp: string) {
    this.#files = files;
    this.#tmp = tmp;
    this.#folder = join(tmp, 'reserve');
  }

  /** Makes the reserve, or what is missing of it, where there is room. */
  async prepare(): Promise<void> {
    try {
      if ((await this.#isComplete()) || !(await this.#hasRoom())) return;
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return;
    }
    try {
      await this.#make();
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      await this.release();
    }
  }

  /** Gives the room back to the file system. Several may do so at once. */
  async release(): Promise<void> {
    try {
      for (const { name } of await this.#files.readdir(this.#folder)) {
        await this.#files.unlink(join(this.#folder, name)).catch(() => undefined);
      }
      await this.#files.rmdir(this.#folder);
      // Blocks of a deleted file can be used again only once the deletion is on the disk.
      await syncFolder(this.#files, this.#tmp);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
  }

  /** The last file is made last. */
  async #isComplete(): Promise<boolean> {
    try {
      await this.#files.lstat(this.#path(RESERVE_NAMES - 1));
      return true;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  async #hasRoom(): Promise<boolean> {
    const { bavail, bsize, files, ffree } = await this.#files.statfs(this.#tmp);
    // Some file systems have no fixed number of inodes and say 0 of 0.
    const hasNames = files === 0 || ffree >= ROOM_FACTOR * RESERVE_NAMES;
    return hasNames && bavail * bsize >= ROOM_FACTOR * RESERVE_BYTES;
  }

  /** Several may do so at once, and one may have died on the way. */
  async #make(): Promise<void> {
    await makeFolder(this.#files, this.#folder);
    await this.#files.unlink(this.#path(0)).catch(() => undefined);
    for (let number = 0; number < RESERVE_NAMES; number++) {
      await this.#write(this.#path(number), number === 0 ? RESERVE_BYTES : 0);
    }
  }

  #path(number: number): string {
    return join(this.#folder, String(number));
  }

  async #write(path: string, size: number): Promise<void> {
    let file: OpenFile;
    try {
      file = await this.#files.open(path, CREATE, 0o600);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
      return;
    }
    try {
      if (size === 0) return;
      await writeFully(file, incompressible(size));
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

/** Bytes that a compressing file system cannot make smaller (Marsaglia's xorshift32), so that they take real blocks. */
function incompressible(size: number): Uint8Array {
  const words = new Uint32Array(size / 4);
  let state = 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}
