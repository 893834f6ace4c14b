import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { toHex } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { ChunkIdHasher } from '../crypto/chunk-id.ts';
import {
  ENVELOPE_BYTES,
  OBJECT_TYPES,
  type ObjectOpener,
  type ObjectSealer,
  type ObjectType,
  type Sealer,
  TAG_BYTES,
} from '../crypto/sealer.ts';
import { CODEC_STORED, CODEC_ZSTD, compress, decompress, discard } from './compression.ts';
import { type ChunkKind, DATA, ID_BYTES, META, type PackIndex, type PackInfo, RECORD_BYTES } from './pack-index.ts';

/** Packs (docs/FORMAT.md section 6). */

export const BLOCK_HEADER_BYTES = 32;
/** Nobody has authenticated what a footer says before so much is read. */
const MAX_TRAILER_BYTES = 512 * 2 ** 20;
export const FOOTER_BYTES = 32;
export const MAX_CHUNK_BYTES = 8 * 2 ** 20;
export const MAX_BLOCK_BYTES = 16 * 2 ** 20;
const BLOCK_MAGIC = Buffer.from('HFBK');
const FOOTER_MAGIC = Buffer.from('HFPE');
const TRAILER_HEADER = Buffer.from('trailer');
const TRAILER_BLOCK_BYTES = 20;
const TRAILER_CHUNK_BYTES = 36;
/**
 * How often the length of a pack may be decrypted in vain: damage costs each block once, and headers made up by whoever can write to the store
 * would cost hours.
 */
const SALVAGE_TRIES = 8;

export function packType(kind: ChunkKind): ObjectType {
  return kind === DATA ? OBJECT_TYPES.dataPack : OBJECT_TYPES.metaPack;
}

export interface BlockHeader {
  number: number;
  codec: number;
  plainLength: number;
  sealedLength: number;
  chunkCount: number;
}

/** Bytes of a whole block in the pack: header, ciphertext, tag. */
export function blockBytes(header: BlockHeader): number {
  return BLOCK_HEADER_BYTES + header.sealedLength + TAG_BYTES;
}

/** One block, ready to be written: header, ciphertext, tag. `plain` is the chunk table followed by the chunks. `smallFiles` as for `compress`. */
export function encodeBlock(
  pack: ObjectSealer,
  number: number,
  plain: Uint8Array,
  chunkCount: number,
  smallFiles = false,
): [Buffer, Buffer, Buffer] {
  const { codec, bytes } = compress(plain, smallFiles);
  const header = blockHeader({ number, codec, plainLength: plain.length, sealedLength: bytes.length, chunkCount });
  const [sealed, tag] = pack.seal('block', number, bytes, header);
  if (codec === CODEC_ZSTD) discard(bytes);
  return [header, sealed, tag];
}

/** A block of one chunk that is stored as it is, wherever its content lies: it is not copied before it is encrypted. */
export function encodeStoredBlock(pack: ObjectSealer, number: number, content: Uint8Array): Buffer[] {
  const table = Buffer.alloc(4);
  table.writeUInt32LE(content.length, 0);
  const length = table.length + content.length;
  const header = blockHeader({ number, codec: CODEC_STORED, plainLength: length, sealedLength: length, chunkCount: 1 });
  return [header, ...pack.sealAll('block', number, [table, content], header)];
}

function blockHeader({ number, codec, plainLength, sealedLength, chunkCount }: BlockHeader): Buffer {
  const header = Buffer.alloc(BLOCK_HEADER_BYTES);
  BLOCK_MAGIC.copy(header, 0);
  header.writeUInt32LE(number, 4);
  header.writeUInt8(codec, 8);
  header.writeUInt32LE(plainLength, 12);
  header.writeUInt32LE(sealedLength, 16);
  header.writeUInt32LE(chunkCount, 20);
  header.writeUInt32LE(crc32(header.subarray(0, 28)), 28);
  return header;
}

/** Throws `damaged` where `bytes` does not begin with a sound block header. */
export function parseBlockHeader(bytes: Buffer): BlockHeader {
  const header = readBlockHeader(bytes);
  if (header === undefined) throw new HoldfastError('damaged', 'a block header is damaged');
  return header;
}

function readBlockHeader(bytes: Buffer): BlockHeader | undefined {
  if (bytes.length < BLOCK_HEADER_BYTES || !bytes.subarray(0, 4).equals(BLOCK_MAGIC)) return undefined;
  if (bytes.readUInt32LE(28) !== crc32(bytes.subarray(0, 28))) return undefined;
  const header = {
    number: bytes.readUInt32LE(4),
    codec: bytes.readUInt8(8),
    plainLength: bytes.readUInt32LE(12),
    sealedLength: bytes.readUInt32LE(16),
    chunkCount: bytes.readUInt32LE(20),
  };
  const sound =
    (header.codec === CODEC_STORED || header.codec === CODEC_ZSTD) &&
    header.plainLength <= MAX_BLOCK_BYTES &&
    header.sealedLength <= header.plainLength &&
    header.chunkCount >= 1 &&
    header.chunkCount * 5 <= header.plainLength;
  return sound ? header : undefined;
}

export interface DecodedBlock {
  /** Chunk table and chunks. */
  plain: Buffer;
  /** Where each chunk begins in `plain`, and one past the last: chunkCount + 1 offsets. */
  offsets: Uint32Array;
}

/** Decrypts and decompresses one whole block (header, ciphertext, tag). Throws `damaged`. Chunk IDs are not checked here. */
export function decodeBlock(pack: ObjectOpener, block: Buffer): DecodedBlock {
  const header = parseBlockHeader(block);
  if (block.length !== blockBytes(header))
    throw new HoldfastError('damaged', 'a block has another length than expected');
  const sealed = pack.open(
    'block',
    header.number,
    block.subarray(BLOCK_HEADER_BYTES),
    block.subarray(0, BLOCK_HEADER_BYTES),
  );
  const plain = decompress(header.codec, sealed, header.plainLength);
  if (header.codec !== CODEC_STORED) discard(sealed);
  return { plain, offsets: chunkOffsets(plain, header.chunkCount) };
}

function chunkOffsets(plain: Buffer, count: number): Uint32Array {
  const offsets = new Uint32Array(count + 1);
  let at = 4 * count;
  for (let i = 0; i < count; i++) {
    offsets[i] = at;
    const length = plain.readUInt32LE(4 * i);
    if (length === 0 || length > MAX_CHUNK_BYTES)
      throw new HoldfastError('damaged', 'a chunk table holds a wrong length');
    at += length;
  }
  offsets[count] = at;
  if (at !== plain.length) throw new HoldfastError('damaged', 'a chunk table does not add up');
  return offsets;
}

/** The trailer and footer that end a pack. `index` describes this one pack; `offset` is where the trailer begins. */
export function encodeTrailer(
  pack: ObjectSealer,
  index: PackIndex,
  plainLengths: readonly number[],
  offset: number,
): Buffer {
  const plain = trailerPlain(index, plainLengths);
  const [sealed, tag] = pack.seal('trailer', 0, plain, TRAILER_HEADER);
  const footer = Buffer.alloc(FOOTER_BYTES);
  footer.writeBigUInt64LE(BigInt(offset), 0);
  footer.writeUInt32LE(sealed.length + tag.length, 8);
  footer.writeUInt32LE(crc32(footer.subarray(0, 24)), 24);
  FOOTER_MAGIC.copy(footer, 28);
  const trailer = Buffer.concat([sealed, tag, footer]);
  discard(plain);
  discard(sealed);
  return trailer;
}

function trailerPlain(index: PackIndex, plainLengths: readonly number[]): Buffer {
  const blocks = index.blockOffset.length;
  const chunks = index.records.length / RECORD_BYTES;
  const plain = Buffer.alloc(8 + TRAILER_BLOCK_BYTES * blocks + TRAILER_CHUNK_BYTES * chunks);
  const counts = new Uint32Array(blocks);
  let at = 8 + TRAILER_BLOCK_BYTES * blocks;
  for (let record = 0; record < index.records.length; record += RECORD_BYTES) {
    const block = index.records.readUInt32LE(record + ID_BYTES);
    counts[block] = (counts[block] as number) + 1;
    index.records.copy(plain, at, record, record + ID_BYTES);
    index.records.copy(plain, at + ID_BYTES, record + 40, record + 44);
    at += TRAILER_CHUNK_BYTES;
  }
  plain.writeUInt32LE(1, 0);
  plain.writeUInt32LE(blocks, 4);
  for (let block = 0; block < blocks; block++) {
    const start = 8 + TRAILER_BLOCK_BYTES * block;
    plain.writeBigUInt64LE(BigInt(index.blockOffset[block] as number), start);
    plain.writeUInt32LE(index.blockLength[block] as number, start + 8);
    plain.writeUInt32LE(plainLengths[block] as number, start + 12);
    plain.writeUInt32LE(counts[block] as number, start + 16);
  }
  return plain;
}

/** Where the trailer is, from the last FOOTER_BYTES of a pack of `size` bytes. Throws `damaged`. */
export function parseFooter(footer: Buffer, size: number): { offset: number; length: number } {
  const sound =
    footer.length === FOOTER_BYTES &&
    footer.subarray(28).equals(FOOTER_MAGIC) &&
    footer.readUInt32LE(24) === crc32(footer.subarray(0, 24));
  if (!sound) throw new HoldfastError('damaged', 'its footer is damaged');
  const offset = Number(footer.readBigUInt64LE(0));
  const length = footer.readUInt32LE(8);
  if (offset < ENVELOPE_BYTES || offset + length + FOOTER_BYTES !== size || length > MAX_TRAILER_BYTES) {
    throw new HoldfastError('damaged', 'its footer does not fit its size');
  }
  return { offset, length };
}

/** The index of one pack from its trailer piece (ciphertext and tag). Throws `damaged`. */
export function decodeTrailer(pack: ObjectOpener, trailer: Buffer, id: string, size: number): PackIndex {
  const plain = pack.open('trailer', 0, trailer, TRAILER_HEADER);
  const wrong = () => new HoldfastError('damaged', 'its trailer is malformed');
  if (plain.length < 8 || plain.readUInt32LE(0) !== 1) throw wrong();
  const blocks = plain.readUInt32LE(4);
  const chunksAt = 8 + TRAILER_BLOCK_BYTES * blocks;
  if (chunksAt > plain.length || (plain.length - chunksAt) % TRAILER_CHUNK_BYTES !== 0) throw wrong();
  const index = emptyIndex(packInfo(pack, id, size), blocks, (plain.length - chunksAt) / TRAILER_CHUNK_BYTES);
  let from = chunksAt;
  let to = 0;
  for (let block = 0; block < blocks; block++) {
    const start = 8 + TRAILER_BLOCK_BYTES * block;
    const count = plain.readUInt32LE(start + 16);
    if (from + TRAILER_CHUNK_BYTES * count > plain.length) throw wrong();
    const blockOffset = Number(plain.readBigUInt64LE(start));
    const blockLength = plain.readUInt32LE(start + 8);
    const plainLength = plain.readUInt32LE(start + 12);
    if (blockOffset + blockLength > size || plainLength > MAX_BLOCK_BYTES) throw wrong();
    index.blockOffset[block] = blockOffset;
    index.blockLength[block] = blockLength;
    let offset = 4 * count;
    for (let i = 0; i < count; i++, from += TRAILER_CHUNK_BYTES, to += RECORD_BYTES) {
      const length = plain.readUInt32LE(from + ID_BYTES);
      if (length < 1 || length > MAX_CHUNK_BYTES || offset + length > plainLength) throw wrong();
      writeRecord(index.records, to, plain.subarray(from, from + ID_BYTES), block, offset, length);
      offset += length;
    }
    if (offset !== plainLength) throw wrong();
  }
  if (from !== plain.length) throw wrong();
  discard(plain);
  return index;
}

/**
 * What a damaged pack still holds: walks the blocks by their headers, searches for the next header after a gap, and keeps what authenticates.
 * `bytes` is the whole object as found. Blocks that fail are left out. Throws `damaged` where not even the envelope is sound.
 */
export function salvagePack(sealer: Sealer, hasher: ChunkIdHasher, bytes: Buffer, id: string): PackIndex {
  const kind = bytes.length > 4 && bytes.readUInt8(4) === OBJECT_TYPES.metaPack ? META : DATA;
  const pack = sealer.open(packType(kind), bytes);
  const found: SalvagedBlock[] = [];
  let at = ENVELOPE_BYTES;
  let triesLeft = SALVAGE_TRIES * bytes.length;
  while (at >= 0 && at < bytes.length) {
    const header = readBlockHeader(bytes.subarray(at, at + BLOCK_HEADER_BYTES));
    const length = header === undefined ? 0 : blockBytes(header);
    const fits = length > 0 && at + length <= bytes.length && triesLeft >= 0;
    const block = fits ? tryDecode(pack, bytes.subarray(at, at + length)) : undefined;
    if (block !== undefined) found.push({ offset: at, length, records: salvagedRecords(kind, block, hasher) });
    else if (fits) triesLeft -= length;
    // A header that holds but whose block fails may lie itself: search on inside it.
    at = block === undefined ? bytes.indexOf(BLOCK_MAGIC, at + 1) : at + length;
  }
  return indexOfSalvaged(packInfo(pack, id, bytes.length), found);
}

function tryDecode(pack: ObjectOpener, bytes: Buffer): DecodedBlock | undefined {
  try {
    return decodeBlock(pack, bytes);
  } catch {
    return undefined;
  }
}

interface SalvagedBlock {
  offset: number;
  length: number;
  /** Of its chunks; the block's number is still to be filled in. Its content is not kept: a pack may hold far more than fits into memory. */
  records: Buffer;
}

function salvagedRecords(kind: ChunkKind, { plain, offsets }: DecodedBlock, hasher: ChunkIdHasher): Buffer {
  const records = Buffer.alloc((offsets.length - 1) * RECORD_BYTES);
  for (let i = 0; i + 1 < offsets.length; i++) {
    const start = offsets[i] as number;
    const end = offsets[i + 1] as number;
    const digest = createHash('sha256').update(plain.subarray(start, end)).digest();
    writeRecord(records, i * RECORD_BYTES, hasher.id(kind, digest), 0, start, end - start);
  }
  return records;
}

function indexOfSalvaged(info: PackInfo, found: readonly SalvagedBlock[]): PackIndex {
  found.forEach(({ records }, number) => {
    for (let at = 0; at < records.length; at += RECORD_BYTES) records.writeUInt32LE(number, at + ID_BYTES);
  });
  return {
    ...emptyIndex(info, found.length, 0),
    blockOffset: Uint32Array.from(found, ({ offset }) => offset),
    blockLength: Uint32Array.from(found, ({ length }) => length),
    records: Buffer.concat(found.map(({ records }) => records)),
  };
}

export function writeRecord(
  records: Buffer,
  at: number,
  id: Buffer,
  block: number,
  offset: number,
  length: number,
): void {
  id.copy(records, at);
  records.writeUInt32LE(block, at + 32);
  records.writeUInt32LE(offset, at + 36);
  records.writeUInt32LE(length, at + 40);
}

function emptyIndex(pack: PackInfo, blocks: number, chunks: number): PackIndex {
  return {
    packs: [pack],
    blockPack: new Uint32Array(blocks),
    blockOffset: new Uint32Array(blocks),
    blockLength: new Uint32Array(blocks),
    records: Buffer.alloc(chunks * RECORD_BYTES),
  };
}

function packInfo(pack: ObjectOpener, id: string, size: number): PackInfo {
  return { id, size, kind: pack.type === OBJECT_TYPES.metaPack ? META : DATA, session: Buffer.from(pack.session) };
}

/** The ID that an object's bytes give it. */
export function objectId(bytes: Uint8Array): string {
  return toHex(createHash('sha256').update(bytes).digest());
}
