import type { ByteString } from '../../../shared/bytes.ts';
import type { Entry, EntryType, Xattr } from '../../entry.ts';
import { ByteReader } from '../../format/byte-reader.ts';
import { ByteWriter } from '../../format/byte-writer.ts';
import { isComparable } from '../../format/manifest-entry.ts';

/** What a thread does for one row of a table. */
export type RowKind =
  /** Make the object itself; a file's content comes in pieces. */
  | 'make'
  /** Take over what the target has: by a hard link, else by a copy. */
  | 'carry'
  /** As `carry`, from another place in the stage: a further name of a hard-link group. */
  | 'join';

export interface Row {
  kind: RowKind;
  /** Where it goes, below the stage. */
  path: ByteString;
  entry: Entry;
  /** Where `carry` and `join` take it from. */
  from?: ByteString | undefined;
  /** How many pieces a file's content has in this table. */
  pieces: number;
  /** More of the file's content comes with a later table. */
  unfinished: boolean;
}

const ROW_BYTES = 64;
const KINDS: readonly RowKind[] = ['make', 'carry', 'join'];
const TYPES: readonly EntryType[] = ['file', 'directory', 'symlink', 'fifo', 'socket', 'char-device', 'block-device'];
const UNFINISHED = 1;
const HAS_DIGEST = 2;
const HAS_FROM = 4;

const KIND = 0;
const TYPE = 1;
const FLAGS = 2;
const MODE = 4;
const UID = 8;
const GID = 12;
const SECONDS = 16;
const SIZE = 24;
const NANOSECONDS = 32;
const PIECES = 36;
const REMAINING = 40;
const PATH_AT = 44;
const PATH_LENGTH = 48;
const EXTRA_AT = 52;
const EXTRA_LENGTH = 56;

const NANOS = 1_000_000_000n;

/** A table to be handed to threads: all of it shared memory. */
export interface SharedTable {
  rows: SharedArrayBuffer;
  texts: SharedArrayBuffer;
}

/** Collects rows in compact form: a tree has millions, and threads share them without a message each. */
export class EntryTableBuilder {
  #rows = Buffer.allocUnsafeSlow(ROW_BYTES * 256);
  #count = 0;
  readonly #texts = new ByteWriter(16_384);
  readonly #extra = new ByteWriter(256);

  get count(): number {
    return this.#count;
  }

  /** Memory in use, in bytes. */
  get size(): number {
    return this.#count * ROW_BYTES + this.#texts.length;
  }

  /** Returns the row's number. `digest` keeps the digest of a file's content for a later check. */
  add(row: Row, digest: boolean): number {
    if ((this.#count + 1) * ROW_BYTES > this.#rows.length) {
      this.#rows = Buffer.concat([this.#rows], 2 * this.#rows.length);
    }
    const { entry } = row;
    const at = this.#count * ROW_BYTES;
    const rows = this.#rows;
    const withDigest = digest && isComparable(entry);
    rows[at + KIND] = KINDS.indexOf(row.kind);
    rows[at + TYPE] = TYPES.indexOf(entry.type);
    rows[at + FLAGS] =
      (row.unfinished ? UNFINISHED : 0) | (withDigest ? HAS_DIGEST : 0) | (row.from === undefined ? 0 : HAS_FROM);
    rows[at + FLAGS + 1] = 0;
    rows.writeUInt32LE(entry.mode, at + MODE);
    rows.writeUInt32LE(entry.uid >>> 0, at + UID);
    rows.writeUInt32LE(entry.gid >>> 0, at + GID);
    const seconds = floorSeconds(entry.mtimeNs);
    rows.writeBigInt64LE(seconds, at + SECONDS);
    rows.writeDoubleLE(entry.size, at + SIZE);
    rows.writeUInt32LE(Number(entry.mtimeNs - seconds * NANOS), at + NANOSECONDS);
    rows.writeUInt32LE(row.pieces, at + PIECES);
    rows.writeUInt32LE(row.pieces, at + REMAINING);
    rows.writeUInt32LE(this.#texts.length, at + PATH_AT);
    rows.writeUInt32LE(row.path.length, at + PATH_LENGTH);
    this.#texts.raw(Buffer.from(row.path, 'latin1'));
    rows.writeUInt32LE(this.#texts.length, at + EXTRA_AT);
    const start = this.#texts.length;
    if (row.from !== undefined) this.#texts.byteString(row.from);
    if (withDigest) this.#texts.raw(entry.digest as Buffer);
    this.#writeRare(entry);
    rows.writeUInt32LE(this.#texts.length - start, at + EXTRA_LENGTH);
    rows.writeUInt32LE(0, at + EXTRA_LENGTH + 4);
    return this.#count++;
  }

  setPieces(row: number, pieces: number, unfinished: boolean): void {
    const at = row * ROW_BYTES;
    this.#rows.writeUInt32LE(pieces, at + PIECES);
    this.#rows.writeUInt32LE(pieces, at + REMAINING);
    if (unfinished) this.#rows[at + FLAGS] = (this.#rows[at + FLAGS] as number) | UNFINISHED;
  }

  finish(): SharedTable {
    const rows = new SharedArrayBuffer(this.#count * ROW_BYTES);
    Buffer.from(rows).set(this.#rows.subarray(0, rows.byteLength));
    const texts = new SharedArrayBuffer(this.#texts.length);
    Buffer.from(texts).set(this.#texts.toBuffer());
    return { rows, texts };
  }

  #writeRare(entry: Entry): void {
    const texts = this.#texts;
    if (entry.type === 'symlink') texts.byteString(entry.target ?? '');
    if (entry.device !== undefined) {
      texts.varint(entry.device.major);
      texts.varint(entry.device.minor);
    }
    if (entry.xattrs === undefined || entry.xattrs.length === 0) return;
    this.#extra.reset();
    for (const { name, value } of entry.xattrs) {
      this.#extra.byteString(name);
      this.#extra.bytes(value);
    }
    texts.varint(entry.xattrs.length);
    texts.raw(this.#extra.toBuffer());
  }
}

/** A thread's view of a table. */
export class EntryTable {
  readonly count: number;
  readonly #rows: Buffer;
  readonly #words: Int32Array;
  readonly #texts: Buffer;

  constructor(shared: SharedTable) {
    this.#rows = Buffer.from(shared.rows);
    this.#words = new Int32Array(shared.rows);
    this.#texts = Buffer.from(shared.texts);
    this.count = shared.rows.byteLength / ROW_BYTES;
  }

  path(row: number): ByteString {
    const start = this.#rows.readUInt32LE(row * ROW_BYTES + PATH_AT);
    const length = this.#rows.readUInt32LE(row * ROW_BYTES + PATH_LENGTH);
    return this.#texts.toString('latin1', start, start + length) as ByteString;
  }

  /** The size of a file's content. */
  size(row: number): number {
    return this.#rows.readDoubleLE(row * ROW_BYTES + SIZE);
  }

  /** How many pieces the row was given. */
  pieces(row: number): number {
    return this.#rows.readUInt32LE(row * ROW_BYTES + PIECES);
  }

  unfinished(row: number): boolean {
    return ((this.#rows[row * ROW_BYTES + FLAGS] as number) & UNFINISHED) !== 0;
  }

  /** Counts `pieces` of a row as written; true for the caller that wrote the last ones. */
  completes(row: number, pieces: number): boolean {
    const word = (row * ROW_BYTES + REMAINING) / 4;
    return Atomics.sub(this.#words, word, pieces) === pieces && !this.unfinished(row);
  }

  row(row: number): Row {
    const at = row * ROW_BYTES;
    const rows = this.#rows;
    const flags = rows[at + FLAGS] as number;
    const entry: Entry = {
      path: '' as ByteString,
      type: TYPES[rows[at + TYPE] as number] as EntryType,
      mode: rows.readUInt32LE(at + MODE),
      uid: ownerId(rows.readUInt32LE(at + UID)),
      gid: ownerId(rows.readUInt32LE(at + GID)),
      mtimeNs: rows.readBigInt64LE(at + SECONDS) * NANOS + BigInt(rows.readUInt32LE(at + NANOSECONDS)),
      size: rows.readDoubleLE(at + SIZE),
    };
    const from = this.#readRare(at, flags, entry);
    return {
      kind: KINDS[rows[at + KIND] as number] as RowKind,
      path: this.path(row),
      entry,
      from,
      pieces: this.pieces(row),
      unfinished: (flags & UNFINISHED) !== 0,
    };
  }

  #readRare(at: number, flags: number, entry: Entry): ByteString | undefined {
    const length = this.#rows.readUInt32LE(at + EXTRA_LENGTH);
    if (length === 0) return undefined;
    const start = this.#rows.readUInt32LE(at + EXTRA_AT);
    const input = new ByteReader(this.#texts.subarray(start, start + length), 'an entry table');
    const from = (flags & HAS_FROM) !== 0 ? input.byteString() : undefined;
    if ((flags & HAS_DIGEST) !== 0) entry.digest = input.raw(32);
    if (entry.type === 'symlink') entry.target = input.byteString();
    if (entry.type === 'char-device' || entry.type === 'block-device') {
      entry.device = { major: input.varint(), minor: input.varint() };
    }
    if (input.left > 0) entry.xattrs = readXattrs(input);
    return from;
  }
}

function readXattrs(input: ByteReader): Xattr[] {
  const xattrs: Xattr[] = [];
  for (let left = input.varint(); left > 0; left--) {
    const name = input.byteString();
    xattrs.push({ name, value: Buffer.from(input.bytes()) });
  }
  return xattrs;
}

/** All ones stand for -1: leave the owner as it is. */
function ownerId(stored: number): number {
  return stored === 0xffffffff ? -1 : stored;
}

function floorSeconds(timeNs: bigint): bigint {
  const quotient = timeNs / NANOS;
  return quotient * NANOS > timeNs ? quotient - 1n : quotient;
}
