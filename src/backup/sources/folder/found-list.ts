import type { ByteString } from '../../../shared/bytes.ts';
import type { EntryType } from '../../entry.ts';
import type { FileStatus } from '../../posix/file-status.ts';
import type { FolderHandle } from './folder-handle.ts';
import type { Found } from './walk.ts';

/** Entries whose numbers lie in one piece of memory, which goes as soon as they were taken. */
const PIECE = 4096;
const NUMBERS = 7;
const LARGE = 3;

/**
 * A queue of what a walk met, in a third of the memory that the objects take, and out of the garbage collector's sight: it would copy each of them
 * twice. The objects are made anew when they are taken.
 */
export class FoundList {
  #pieces: Piece[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(found: Found): void {
    let piece = this.#pieces.at(-1);
    if (piece === undefined || piece.length === PIECE) {
      piece = new Piece();
      this.#pieces.push(piece);
    }
    piece.push(found);
    this.#length++;
  }

  /** Takes out what is there, in order. */
  *take(): Generator<Found> {
    for (let piece = this.#pieces.shift(); piece !== undefined; piece = this.#pieces.shift()) {
      this.#length -= piece.length;
      for (let at = 0; at < piece.length; at++) yield piece.get(at);
    }
  }
}

class Piece {
  length = 0;
  readonly #paths: ByteString[] = [];
  readonly #names: ByteString[] = [];
  readonly #folders: FolderHandle[] = [];
  readonly #types: EntryType[] = [];
  readonly #numbers = new Float64Array(PIECE * NUMBERS);
  readonly #large = new BigInt64Array(PIECE * LARGE);
  /** Devices, and times beyond the year 2262, which 64 bits do not hold: so few that they stay as they are. */
  readonly #whole = new Map<number, Found>();

  push(found: Found): void {
    const { path, name, folder, status } = found;
    const at = this.length++;
    if (status.device !== undefined || !isShort(status.mtimeNs) || !isShort(status.ctimeNs)) this.#whole.set(at, found);
    this.#paths.push(path);
    this.#names.push(name);
    this.#folders.push(folder);
    this.#types.push(status.type);
    // One by one: `set` with a list takes several times as long.
    const numbers = this.#numbers;
    const n = at * NUMBERS;
    numbers[n] = status.mode;
    numbers[n + 1] = status.uid;
    numbers[n + 2] = status.gid;
    numbers[n + 3] = status.dev;
    numbers[n + 4] = status.nlink;
    numbers[n + 5] = status.size;
    numbers[n + 6] = status.blocks;
    this.#large[at * LARGE] = status.ino;
    this.#large[at * LARGE + 1] = status.mtimeNs;
    this.#large[at * LARGE + 2] = status.ctimeNs;
  }

  get(at: number): Found {
    const whole = this.#whole.get(at);
    if (whole !== undefined) return whole;
    const numbers = this.#numbers;
    const n = at * NUMBERS;
    const status: FileStatus = {
      type: this.#types[at] as EntryType,
      mode: numbers[n] as number,
      uid: numbers[n + 1] as number,
      gid: numbers[n + 2] as number,
      dev: numbers[n + 3] as number,
      ino: BigInt.asUintN(64, this.#large[at * LARGE] as bigint),
      nlink: numbers[n + 4] as number,
      size: numbers[n + 5] as number,
      blocks: numbers[n + 6] as number,
      mtimeNs: this.#large[at * LARGE + 1] as bigint,
      ctimeNs: this.#large[at * LARGE + 2] as bigint,
    };
    return {
      path: this.#paths[at] as ByteString,
      name: this.#names[at] as ByteString,
      folder: this.#folders[at] as FolderHandle,
      status,
    };
  }
}

function isShort(timeNs: bigint): boolean {
  return BigInt.asIntN(64, timeNs) === timeNs;
}
