import { createHash } from 'node:crypto';

/** The bytes of one object, read synchronously. */
export interface ByteSource {
  size: number;
  /** Fills `into` from `position` on; gives how many bytes there were, fewer only at the end. */
  read(into: Buffer, position: number): number;
}

/** One piece that is read at once: large enough for few calls, small enough to stay in the processor's cache. */
export const PIECE_BYTES = 4 * 2 ** 20;

/** A buffer that one thread uses for all objects. It grows to the largest block, and stays. */
export class SharedBuffer {
  bytes = Buffer.allocUnsafeSlow(PIECE_BYTES);

  /** Room for `length` bytes whose first `kept` move to the start from `from`. */
  makeRoom(length: number, from: number, kept: number): void {
    if (length <= this.bytes.length) {
      this.bytes.copyWithin(0, from, from + kept);
      return;
    }
    const larger = Buffer.allocUnsafeSlow(Math.ceil(length / PIECE_BYTES) * PIECE_BYTES);
    this.bytes.copy(larger, 0, from, from + kept);
    this.bytes = larger;
  }
}

/** A window that moves over an object from its start to its end, and hashes everything that passes, once. */
export class PackWindow {
  readonly #source: ByteSource;
  readonly #buffer: SharedBuffer;
  readonly #hash = createHash('sha256');
  /** The buffer holds the object's bytes from `#start` up to, not including, `#end`. */
  #start = 0;
  #end = 0;

  constructor(source: ByteSource, buffer: SharedBuffer) {
    this.#source = source;
    this.#buffer = buffer;
  }

  /**
   * The bytes from `position` on: `length` of them, fewer only where the object ends. Positions must not go back. The view is valid until
   * the next call.
   */
  view(position: number, length: number): Buffer {
    if (position + length > this.#end && this.#end < this.#source.size) this.#load(position, length);
    const from = position - this.#start;
    return this.#buffer.bytes.subarray(from, Math.min(from + length, this.#end - this.#start));
  }

  /** SHA-256 of the whole object, as hexadecimal; nothing can be viewed afterwards. */
  digest(): string {
    while (this.#end < this.#source.size && this.#load(this.#end, PIECE_BYTES) > 0);
    return this.#hash.digest('hex');
  }

  /** Gives the number of new bytes. */
  #load(position: number, length: number): number {
    const kept = this.#end - position;
    this.#buffer.makeRoom(length, position - this.#start, kept);
    this.#start = position;
    const room = this.#buffer.bytes.subarray(kept, Math.min(this.#buffer.bytes.length, this.#source.size - position));
    const got = this.#source.read(room, this.#end);
    this.#hash.update(room.subarray(0, got));
    this.#end += got;
    return got;
  }
}
