import { ID_BYTES } from '../../format/pack-index.ts';

/** A run of content: a part of a chunk (all of it, unless a hole cuts the chunk in two), and where it goes. */
export interface Piece {
  /** Of the file in its table. */
  row: number;
  /** The chunk in its block's plaintext. */
  offset: number;
  length: number;
  /** The part within the chunk. */
  partAt: number;
  partLength: number;
  /** In the file. */
  position: number;
  /** What the chunk must hash to. */
  id: Uint8Array;
}

const PIECE_BYTES = 64;
const ROW = 0;
const OFFSET = 4;
const LENGTH = 8;
const PART_AT = 12;
const POSITION = 16;
const PART_LENGTH = 24;
const ID = 32;

/** Pieces in packed form, in shared memory where threads read them. */
export class Pieces {
  readonly #bytes: Buffer;

  constructor(bytes: SharedArrayBuffer | ArrayBuffer) {
    this.#bytes = Buffer.from(bytes);
  }

  static bytesFor(count: number): number {
    return count * PIECE_BYTES;
  }

  set(number: number, piece: Piece): void {
    const at = number * PIECE_BYTES;
    const bytes = this.#bytes;
    bytes.writeUInt32LE(piece.row, at + ROW);
    bytes.writeUInt32LE(piece.offset, at + OFFSET);
    bytes.writeUInt32LE(piece.length, at + LENGTH);
    bytes.writeUInt32LE(piece.partAt, at + PART_AT);
    bytes.writeUInt32LE(piece.partLength, at + PART_LENGTH);
    bytes.writeDoubleLE(piece.position, at + POSITION);
    bytes.set(piece.id, at + ID);
  }

  get(number: number): Piece {
    const at = number * PIECE_BYTES;
    const bytes = this.#bytes;
    return {
      row: bytes.readUInt32LE(at + ROW),
      offset: bytes.readUInt32LE(at + OFFSET),
      length: bytes.readUInt32LE(at + LENGTH),
      partAt: bytes.readUInt32LE(at + PART_AT),
      partLength: bytes.readUInt32LE(at + PART_LENGTH),
      position: bytes.readDoubleLE(at + POSITION),
      id: bytes.subarray(at + ID, at + ID + ID_BYTES),
    };
  }

  row(number: number): number {
    return this.#bytes.readUInt32LE(number * PIECE_BYTES + ROW);
  }

  /** The chunk's content. */
  chunk(number: number, plain: Buffer): Buffer {
    const at = number * PIECE_BYTES;
    const offset = this.#bytes.readUInt32LE(at + OFFSET);
    return plain.subarray(offset, offset + this.#bytes.readUInt32LE(at + LENGTH));
  }

  /** True where the ID that stands at `at` in `ids` is the one that the chunk must have. */
  matches(number: number, ids: Buffer, at: number): boolean {
    const id = number * PIECE_BYTES + ID;
    return this.#bytes.compare(ids, at, at + ID_BYTES, id, id + ID_BYTES) === 0;
  }

  copyFrom(other: Pieces, from: number, to: number): void {
    other.#bytes.copy(this.#bytes, to * PIECE_BYTES, from * PIECE_BYTES, (from + 1) * PIECE_BYTES);
  }
}
