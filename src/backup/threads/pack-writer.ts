import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import type { ObjectSealer, Sealer } from '../crypto/sealer.ts';
import { discard, gainsNothing } from '../format/compression.ts';
import { encodeBlock, encodeStoredBlock, encodeTrailer, packType } from '../format/pack.ts';
import { type ChunkKind, META, type PackIndex } from '../format/pack-index.ts';
import type { SpoolFileSystem } from '../ports.ts';
import { RecordList } from './record-list.ts';

/** A pack that lies in the spool folder, ready to be put. */
export interface FinishedPack {
  path: string;
  index: PackIndex;
}

export interface PackWriterOptions {
  sealer: Sealer;
  session: Buffer;
  kind: ChunkKind;
  files: SpoolFileSystem;
  /** A new path in the spool folder, for each pack. */
  nextPath: () => string;
  onPack: (pack: FinishedPack) => void;
}

/** A pack is closed once it has this many bytes. */
const PACK_BYTES = 32 * 2 ** 20;
/** A block is closed before its content would exceed this. */
const BLOCK_BYTES = 2 ** 20;
/** Room in front of a block's content for its chunk table. */
const TABLE_BYTES = 64 * 1024;
const MAX_CHUNKS = TABLE_BYTES / 4;
/** A block of so many files is one of small files (docs/decisions/0023); chunks of a database are as small, and gain by the larger table. */
const SMALL_FILES = 8;

/**
 * Collects chunks into blocks, and seals, compresses and writes those into packs in the spool folder (docs/FORMAT.md section 6). Synchronous, for worker
 * threads. Memory: one block and its compressed form.
 */
export class PackWriter {
  readonly #options: PackWriterOptions;
  #block = Buffer.allocUnsafeSlow(TABLE_BYTES + BLOCK_BYTES);
  #blockLength = 0;
  /** Of the open block's chunks. Its number is not known before it is written: blocks of one chunk may come first. */
  readonly #records = new RecordList();
  /** How many of them are whole files, which were read into the room. */
  #files = 0;
  #pack: OpenPack | undefined;

  constructor(options: PackWriterOptions) {
    this.#options = options;
  }

  /**
   * Where the next chunk's content may be written, `length` bytes; `commit` then makes it part of the block. Without a commit the room is
   * used again, so that content may be read straight into it and turn out to be known.
   */
  room(length: number): Buffer {
    if (this.#blockLength > 0 && (this.#blockLength + length > BLOCK_BYTES || this.#records.count === MAX_CHUNKS)) {
      this.#finishBlock();
    }
    const start = TABLE_BYTES + this.#blockLength;
    if (start + length > this.#block.length) {
      // Only ever in an empty block: a chunk larger than a block is a block of its own.
      this.#block = Buffer.allocUnsafeSlow(TABLE_BYTES + length);
    }
    return this.#block.subarray(start, start + length);
  }

  /** Makes the first `length` bytes of the room last asked for, a whole file, a chunk. */
  commit(id: Buffer, length: number): void {
    this.#files++;
    this.#commit(id, length);
  }

  #commit(id: Buffer, length: number): void {
    if (this.#pack === undefined) this.#openPack();
    this.#records.add(id, 0, this.#blockLength, length);
    this.#blockLength += length;
  }

  /** Takes `content` in as a chunk: as a block of its own where compressing it is in vain, else as a copy. */
  add(id: Buffer, content: Uint8Array): void {
    if (gainsNothing(content)) {
      this.#addStored(id, content);
      return;
    }
    this.room(content.length).set(content);
    this.#commit(id, content.length);
  }

  #addStored(id: Buffer, content: Uint8Array): void {
    const pack = this.#pack ?? this.#openPack();
    pack.addStored(id, content);
    if (pack.size >= PACK_BYTES) this.finish();
  }

  /** Closes what is open. */
  finish(): void {
    this.#finishBlock();
    if (this.#pack !== undefined) this.#finishPack(this.#pack);
  }

  /** Closes files after an error; what they hold is left to the store's clean-up. */
  abandon(): void {
    if (this.#pack !== undefined) this.#options.files.closeSync(this.#pack.fd);
    this.#pack = undefined;
  }

  #openPack(): OpenPack {
    const { files, sealer, kind, session } = this.#options;
    const path = this.#options.nextPath();
    const fd = files.openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    const pack = new OpenPack(path, fd, sealer.seal(packType(kind), session), files);
    // Known before the first write, which may fail: `abandon` closes it then.
    this.#pack = pack;
    pack.write(pack.object.envelope);
    return pack;
  }

  #finishBlock(): void {
    const pack = this.#pack;
    const { count } = this.#records;
    if (pack === undefined || count === 0) return;
    const start = TABLE_BYTES - 4 * count;
    for (let i = 0; i < count; i++) this.#block.writeUInt32LE(this.#records.lengthOf(i), start + 4 * i);
    const plain = this.#block.subarray(start, TABLE_BYTES + this.#blockLength);
    pack.addBlock(plain, this.#records, this.#options.kind === META || this.#files >= SMALL_FILES);
    this.#records.clear();
    this.#files = 0;
    this.#blockLength = 0;
    if (pack.size >= PACK_BYTES) this.#finishPack(pack);
  }

  #finishPack(pack: OpenPack): void {
    const index = pack.close(this.#options.kind, this.#options.session);
    this.#pack = undefined;
    this.#options.onPack({ path: pack.path, index });
  }
}

/** A pack being written: its file, its running hash, and what its trailer will say. */
class OpenPack {
  readonly path: string;
  readonly fd: number;
  readonly object: ObjectSealer;
  readonly #files: SpoolFileSystem;
  readonly #hash: Hash = createHash('sha256');
  #size = 0;
  readonly #blockOffset: number[] = [];
  readonly #blockLength: number[] = [];
  readonly #plainLength: number[] = [];
  readonly #records = new RecordList();

  constructor(path: string, fd: number, object: ObjectSealer, files: SpoolFileSystem) {
    this.path = path;
    this.fd = fd;
    this.object = object;
    this.#files = files;
  }

  get size(): number {
    return this.#size;
  }

  write(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    for (let at = 0; at < bytes.length; ) at += this.#files.writeSync(this.fd, bytes, at, bytes.length - at);
    this.#size += bytes.length;
  }

  /** `chunks` are those of this block, with offsets that count from the end of its chunk table. */
  addBlock(plain: Uint8Array, chunks: RecordList, smallFiles: boolean): void {
    const number = this.#blockOffset.length;
    this.#records.addBlock(chunks, number, 4 * chunks.count);
    this.#writeBlock(encodeBlock(this.object, number, plain, chunks.count, smallFiles), plain.length);
  }

  addStored(id: Buffer, content: Uint8Array): void {
    const number = this.#blockOffset.length;
    this.#records.add(id, number, 4, content.length);
    this.#writeBlock(encodeStoredBlock(this.object, number, content), 4 + content.length);
  }

  #writeBlock(pieces: readonly Buffer[], plainLength: number): void {
    this.#blockOffset.push(this.#size);
    this.#blockLength.push(pieces.reduce((sum, piece) => sum + piece.length, 0));
    this.#plainLength.push(plainLength);
    for (const piece of pieces) {
      this.write(piece);
      discard(piece);
    }
  }

  close(kind: ChunkKind, session: Buffer): PackIndex {
    const index: PackIndex = {
      packs: [{ id: '', size: 0, kind, session }],
      blockPack: new Uint32Array(this.#blockOffset.length),
      blockOffset: Uint32Array.from(this.#blockOffset),
      blockLength: Uint32Array.from(this.#blockLength),
      records: this.#records.take(),
    };
    const trailer = encodeTrailer(this.object, index, this.#plainLength, this.#size);
    this.write(trailer);
    discard(trailer);
    this.#files.closeSync(this.fd);
    index.packs = [{ id: this.#hash.digest('hex'), size: this.#size, kind, session }];
    return index;
  }
}
