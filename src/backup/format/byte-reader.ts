import type { ByteString } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';

/**
 * Reads the binary parts of the format from untrusted bytes. Every method throws `damaged` where the bytes end too early or a value is
 * out of range; nothing is allocated before its length has been checked against what is left.
 */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #what: string;
  #position = 0;
  /** Made when it is first needed. It reads 64 bits at once, where Buffer joins two BigInts of 32. */
  #view: DataView | undefined;

  /** `what` names the object in errors, e.g. `a manifest chunk`. */
  constructor(bytes: Buffer, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  get left(): number {
    return this.#bytes.length - this.#position;
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#position;
  }

  fail(problem: string): never {
    throw new HoldfastError('damaged', `${this.#what} is malformed at byte ${this.#position}: ${problem}`);
  }

  /** For what is well-formed but newer than this program. */
  unknown(what: string): never {
    throw new HoldfastError('unsupported_version', `${this.#what} ${what}, which this program does not know`, {
      advice: 'Use a newer Holdfast.',
    });
  }

  end(): void {
    if (this.left !== 0) this.fail(`${this.left} bytes too many`);
  }

  u8(): number {
    const value = this.#bytes[this.#position];
    if (value === undefined) this.fail('it ends too early');
    this.#position++;
    return value;
  }

  u32(): number {
    this.#need(4);
    const value = this.#bytes.readUInt32LE(this.#position);
    this.#position += 4;
    return value;
  }

  u64(): bigint {
    this.#need(8);
    const value = this.#wide().getBigUint64(this.#position, true);
    this.#position += 8;
    return value;
  }

  i64(): bigint {
    this.#need(8);
    const value = this.#wide().getBigInt64(this.#position, true);
    this.#position += 8;
    return value;
  }

  /** A varint that must be a safe integer. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) this.fail('a number is too large');
        return value;
      }
      scale *= 0x80;
    }
    this.fail('a varint is too long');
  }

  /** A zigzag varint of 64 bits. */
  svarint(): bigint {
    let low = 0;
    let scale = 1;
    // Seven bytes hold all but absurd values; BigInt is slow.
    for (let i = 0; i < 7; i++) {
      const byte = this.u8();
      low += (byte & 0x7f) * scale;
      if (byte < 0x80) return BigInt(low % 2 === 0 ? low / 2 : -(low + 1) / 2);
      scale *= 0x80;
    }
    let zigzag = BigInt(low);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.u8();
      zigzag |= BigInt(byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (zigzag >= 1n << 64n) this.fail('a number is too large');
      return (zigzag & 1n) === 0n ? zigzag >> 1n : -((zigzag + 1n) >> 1n);
    }
    this.fail('a varint is too long');
  }

  /** A count of items that take at least `bytesEach` bytes: bounded by what is left. */
  count(bytesEach: number): number {
    const value = this.varint();
    if (value * bytesEach > this.left) this.fail(`it announces ${value} items, more than fit`);
    return value;
  }

  /** A view (no copy) of the next `length` bytes. */
  raw(length: number): Buffer {
    this.#need(length);
    const view = this.#bytes.subarray(this.#position, this.#position + length);
    this.#position += length;
    return view;
  }

  bytes(): Buffer {
    return this.raw(this.varint());
  }

  byteString(): ByteString {
    const length = this.varint();
    this.#need(length);
    const start = this.#position;
    this.#position += length;
    return this.#bytes.toString('latin1', start, this.#position) as ByteString;
  }

  #wide(): DataView {
    this.#view ??= new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
    return this.#view;
  }

  #need(length: number): void {
    if (length > this.left) this.fail('it ends too early');
  }
}
