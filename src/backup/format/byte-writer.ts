import { HoldfastError } from '../../shared/errors.ts';

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** A growing byte buffer for the binary parts of the format (docs/FORMAT.md section 1). Reusable: `reset` keeps the memory. */
export class ByteWriter {
  #bytes: Buffer;
  /** Writes 64 bits at once, where Buffer cuts a BigInt in two. */
  #view: DataView;
  #length = 0;

  constructor(initialBytes = 4096) {
    this.#bytes = Buffer.allocUnsafeSlow(initialBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  reset(): void {
    this.#length = 0;
  }

  /** A copy of what was written. */
  toBuffer(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  u64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.#length, value, true);
    this.#length += 8;
  }

  i64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigInt64(this.#length, value, true);
    this.#length += 8;
  }

  /** Unsigned LEB128 of a safe integer. */
  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** Zigzag LEB128 of an integer of 64 bits. */
  svarint(value: bigint): void {
    const small = Number(value);
    if (Math.abs(small) < 2 ** 51) {
      this.varint(small < 0 ? -2 * small - 1 : 2 * small);
      return;
    }
    if (BigInt.asIntN(64, value) !== value) throw new HoldfastError('internal', `${value} does not fit into 64 bits.`);
    let rest = value < 0n ? -2n * value - 1n : 2n * value;
    this.#reserve(10);
    for (; rest > MAX_SAFE; rest >>= 7n) this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
    this.varint(Number(rest));
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** `bytes` of the format: length, then content. */
  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** A ByteString (one character a byte), from character `start` on, as `bytes` of the format. */
  byteString(text: string, start = 0): void {
    const length = text.length - start;
    this.varint(length);
    this.#reserve(length);
    for (let i = start; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
