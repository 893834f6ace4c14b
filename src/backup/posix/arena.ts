import type { ByteString } from '../../shared/bytes.ts';
import { checkName, checkPath, checkTarget, checkXattrName, PATH_MAX } from './names.ts';

/** Room for the longest value or list of extended attributes that Linux has. */
export const BULK_SIZE = 65_536;
/** Room for `/proc/self/fd/N/` before a name. */
const PREFIX_SIZE = 32;

const FIRST = 0;
const SECOND = FIRST + PATH_MAX + PREFIX_SIZE;
const TIMES = SECOND + PATH_MAX + PREFIX_SIZE;
const STATX = TIMES + 32;
const BULK = STATX + 256;

/**
 * The memory through which one thread's native calls pass their arguments. Allocated once, so that a call on the hot path copies
 * a name into place and allocates nothing. Each method returns the address to pass; it holds until the same slot is filled again.
 */
export class Arena {
  readonly bytes = Buffer.allocUnsafeSlow(BULK + BULK_SIZE);
  /** The same memory, for numbers of 64 bits: Buffer joins each from two BigInts. */
  readonly view = new DataView(this.bytes.buffer);
  /** Where reads of the kernel arrive: offsets into `bytes`, addresses for calls. */
  readonly statxOffset = STATX;
  readonly bulkOffset = BULK;
  readonly statxAddress: number;
  readonly bulkAddress: number;
  readonly #first: number;
  readonly #second: number;
  readonly #times: number;

  constructor(addressOf: (buffer: Buffer) => number) {
    const base = addressOf(this.bytes);
    this.#first = base + FIRST;
    this.#second = base + SECOND;
    this.#times = base + TIMES;
    this.statxAddress = base + STATX;
    this.bulkAddress = base + BULK;
  }

  /** A checked component in the first slot. */
  name(name: ByteString): number {
    checkName(name);
    this.#write(name, FIRST);
    return this.#first;
  }

  /** A checked component in the second slot, for calls that take two names. */
  secondName(name: ByteString): number {
    checkName(name);
    this.#write(name, SECOND);
    return this.#second;
  }

  /** A checked target of a symbolic link in the second slot. */
  target(target: ByteString): number {
    checkTarget(target);
    this.#write(target, SECOND);
    return this.#second;
  }

  /** A checked name of an extended attribute in the second slot. */
  xattrName(name: ByteString): number {
    checkXattrName(name);
    this.#write(name, SECOND);
    return this.#second;
  }

  /** The user's own path, links and slashes included, in the first slot. */
  path(path: ByteString): number {
    checkPath(path);
    this.#write(path, FIRST);
    return this.#first;
  }

  /** The path of a checked component inside an open folder, for the calls that take paths alone. */
  pathInside(dir: number, name: ByteString): number {
    checkName(name);
    this.#write(`/proc/self/fd/${dir}/${name}`, FIRST);
    return this.#first;
  }

  /** The same time twice, for access and modification, as two timespec structures. */
  times(timeNs: bigint): number {
    const seconds = BigInt.asIntN(64, floorDivide(timeNs));
    const nanoseconds = Number(timeNs - seconds * 1_000_000_000n);
    for (let offset = TIMES; offset < STATX; offset += 16) {
      this.bytes.writeBigInt64LE(seconds, offset);
      this.bytes.writeUInt32LE(nanoseconds, offset + 8);
      this.bytes.writeUInt32LE(0, offset + 12);
    }
    return this.#times;
  }

  #write(text: string, offset: number): void {
    const end = offset + this.bytes.write(text, offset, 'latin1');
    this.bytes[end] = 0;
  }
}

function floorDivide(timeNs: bigint): bigint {
  const quotient = timeNs / 1_000_000_000n;
  return quotient * 1_000_000_000n > timeNs ? quotient - 1n : quotient;
}
