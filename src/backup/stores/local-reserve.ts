import { constants } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../shared/errors.ts';
import { syncFolder } from './durable-folders.ts';
import { writeFully } from './file-content.ts';
import type { FileSystem } from './file-system.ts';

const RESERVE_BYTES = 512 * 1024;
/** The reserve is made only where it leaves at least three times its size. */
const ROOM_BYTES = 4 * RESERVE_BYTES;
const SMALL_BYTES = 64 * 1024;
const WHAT_PRUNE_PUTS = /^(?:gc|notes|sessions)\//;

/** Whether an object may be stored at the cost of the reserve: the small ones without which nothing can be deleted. */
export function mayUseReserve(name: string, size: number): boolean {
  return size < SMALL_BYTES && WHAT_PRUNE_PUTS.test(name);
}

/**
 * `tmp/reserve`: 512 KiB of real blocks, kept so that a completely full disk can be pruned. Deleting packs needs a mark, a
 * session and notes to be put first; when there is no room for one of them, the reserve is deleted, which makes room for
 * all of them. It is made again by a later process that stores something when there is room.
 */
export class LocalReserve {
  readonly #files: FileSystem;
  readonly #tmp: string;
  readonly #path: string;

  constructor(files: FileSystem, tmp: string) {
    this.#files = files;
    this.#tmp = tmp;
    this.#path = join(tmp, 'reserve');
  }

  /** Makes the reserve where it is missing and there is room; `scratch` is a free path on the same file system. */
  async prepare(scratch: string): Promise<void> {
    try {
      if (!(await this.#isMissing()) || !(await this.#hasRoom())) return;
      await this.#write(scratch);
      await this.#files.rename(scratch, this.#path);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      await this.#files.unlink(scratch).catch(() => undefined);
    }
  }

  /** Gives the room back to the file system. */
  async release(): Promise<void> {
    try {
      await this.#files.unlink(this.#path);
      // Blocks of a deleted file can be used again only once the deletion is on the disk.
      await syncFolder(this.#files, this.#tmp);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
  }

  async #isMissing(): Promise<boolean> {
    try {
      await this.#files.lstat(this.#path);
      return false;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return true;
      throw error;
    }
  }

  async #hasRoom(): Promise<boolean> {
    const { bavail, bsize } = await this.#files.statfs(this.#tmp);
    return bavail * bsize >= ROOM_BYTES;
  }

  async #write(path: string): Promise<void> {
    const file = await this.#files.open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      await writeFully(file, incompressible(RESERVE_BYTES));
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
