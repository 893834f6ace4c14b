import { HoldfastError } from '../../shared/errors.ts';
import { ENVELOPE_BYTES, OBJECT_TYPES, type Sealer, TAG_BYTES } from '../crypto/sealer.ts';
import { discard } from './compression.ts';
import { type ChunkKind, ID_BYTES, META, type PackIndex, type PackInfo, RECORD_BYTES } from './pack-index.ts';

/** Index runs (docs/FORMAT.md section 7). */

const HEADER_BYTES = 32;
const MAGIC = Buffer.from('HFIX');
const ENTRIES_PER_PAGE = 1489;
const PACK_BYTES = 64;
const BLOCK_BYTES = 8;

/** Seals `index` as a run: entries sorted by ID, then block. */
export function encodeIndexRun(sealer: Sealer, session: Buffer | undefined, index: PackIndex): Buffer {
  const records = sortRecords(index.records);
  const pages: Buffer[] = [];
  for (let at = 0; at < records.length; at += ENTRIES_PER_PAGE * RECORD_BYTES) {
    pages.push(records.subarray(at, at + ENTRIES_PER_PAGE * RECORD_BYTES));
  }
  const directory = encodeDirectory(index, pages);
  const object = sealer.seal(OBJECT_TYPES.index, session);
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header, 0);
  header.writeUInt32LE(directory.length, 4);
  header.writeBigUInt64LE(BigInt(records.length / RECORD_BYTES), 8);
  header.writeUInt32LE(ENTRIES_PER_PAGE, 16);
  header.writeUInt32LE(pages.length, 20);
  const pieces = [directory, ...pages].flatMap((plain, number) => object.seal('page', number, plain, header));
  const run = Buffer.concat([object.envelope, header, ...pieces]);
  for (const used of [records, ...pieces]) discard(used);
  return run;
}

function encodeDirectory(index: PackIndex, pages: readonly Buffer[]): Buffer {
  const blocks = index.blockPack.length;
  const directory = Buffer.alloc(4 + PACK_BYTES * index.packs.length + BLOCK_BYTES * blocks + ID_BYTES * pages.length);
  const order = blocksByPack(index);
  directory.writeUInt32LE(index.packs.length, 0);
  let at = 4;
  index.packs.forEach((pack, number) => {
    Buffer.from(pack.id, 'hex').copy(directory, at);
    directory.writeBigUInt64LE(BigInt(pack.size), at + 32);
    directory.writeUInt8(pack.kind, at + 40);
    pack.session.copy(directory, at + 44);
    directory.writeUInt32LE((order[number] as number[]).length, at + 60);
    at += PACK_BYTES;
  });
  for (let block = 0; block < blocks; block++, at += BLOCK_BYTES) {
    directory.writeUInt32LE(index.blockOffset[block] as number, at);
    directory.writeUInt32LE(index.blockLength[block] as number, at + 4);
  }
  for (const page of pages) at += page.copy(directory, at, 0, ID_BYTES);
  return directory;
}

/** The blocks of each pack; they must stand in the packs' order, since the directory only counts them. */
function blocksByPack(index: PackIndex): number[][] {
  const order: number[][] = index.packs.map(() => []);
  let last = 0;
  index.blockPack.forEach((pack, block) => {
    if (pack < last) throw new HoldfastError('internal', 'Blocks of an index are out of order.');
    last = pack;
    (order[pack] as number[]).push(block);
  });
  return order;
}

/** Throws `damaged` for anything that is not exactly a run. */
export function decodeIndexRun(sealer: Sealer, bytes: Buffer): PackIndex {
  const object = sealer.open(OBJECT_TYPES.index, bytes);
  const header = bytes.subarray(ENVELOPE_BYTES, ENVELOPE_BYTES + HEADER_BYTES);
  const wrong = () => new HoldfastError('damaged', 'it is no well-formed index run');
  if (header.length < HEADER_BYTES || !header.subarray(0, 4).equals(MAGIC)) throw wrong();
  const directoryLength = header.readUInt32LE(4);
  const entries = Number(header.readBigUInt64LE(8));
  const perPage = header.readUInt32LE(16);
  const pages = header.readUInt32LE(20);
  const expected = ENVELOPE_BYTES + HEADER_BYTES + directoryLength + RECORD_BYTES * entries + TAG_BYTES * (pages + 1);
  if (perPage === 0 || pages !== Math.ceil(entries / perPage) || bytes.length !== expected) throw wrong();

  let at = ENVELOPE_BYTES + HEADER_BYTES;
  const next = (number: number, length: number) => {
    const piece = object.open('page', number, bytes.subarray(at, at + length + TAG_BYTES), header);
    at += length + TAG_BYTES;
    return piece;
  };
  const directory = next(0, directoryLength);
  const records = Buffer.allocUnsafe(entries * RECORD_BYTES);
  for (let page = 0; page < pages; page++) {
    const first = page * perPage;
    const length = Math.min(perPage, entries - first) * RECORD_BYTES;
    const plain = next(page + 1, length);
    plain.copy(records, first * RECORD_BYTES);
    discard(plain);
  }
  const index = decodeDirectory(directory, pages, records);
  for (let record = 0; record < records.length; record += RECORD_BYTES) {
    if (records.readUInt32LE(record + ID_BYTES) >= index.blockPack.length) throw wrong();
  }
  return index;
}

function decodeDirectory(directory: Buffer, pages: number, records: Buffer): PackIndex {
  const wrong = () => new HoldfastError('damaged', "an index run's directory is malformed");
  if (directory.length < 4) throw wrong();
  const packCount = directory.readUInt32LE(0);
  const blocksAt = 4 + PACK_BYTES * packCount;
  const blocks = (directory.length - blocksAt - ID_BYTES * pages) / BLOCK_BYTES;
  if (!Number.isInteger(blocks) || blocks < 0) throw wrong();
  const packs: PackInfo[] = [];
  const blockPack = new Uint32Array(blocks);
  let block = 0;
  for (let number = 0; number < packCount; number++) {
    const at = 4 + PACK_BYTES * number;
    packs.push({
      id: directory.toString('hex', at, at + 32),
      size: Number(directory.readBigUInt64LE(at + 32)),
      kind: directory.readUInt8(at + 40) as ChunkKind,
      session: Buffer.from(directory.subarray(at + 44, at + 60)),
    });
    const count = directory.readUInt32LE(at + 60);
    if (directory.readUInt8(at + 40) > META) throw wrong();
    if (block + count > blocks) throw wrong();
    blockPack.fill(number, block, block + count);
    block += count;
  }
  if (block !== blocks) throw wrong();
  const blockOffset = new Uint32Array(blocks);
  const blockLength = new Uint32Array(blocks);
  for (let i = 0; i < blocks; i++) {
    blockOffset[i] = directory.readUInt32LE(blocksAt + BLOCK_BYTES * i);
    blockLength[i] = directory.readUInt32LE(blocksAt + BLOCK_BYTES * i + 4);
  }
  return { packs, blockPack, blockOffset, blockLength, records };
}

/** Records ordered by ID, then block: a counting sort over the first two bytes, then an insertion sort within each of the small groups. */
function sortRecords(records: Buffer): Buffer {
  const count = records.length / RECORD_BYTES;
  const starts = new Uint32Array(65537);
  const prefix = (record: number) => records.readUInt16BE(record * RECORD_BYTES);
  for (let i = 0; i < count; i++) starts[prefix(i) + 1]!++;
  for (let i = 0; i < 65536; i++) starts[i + 1]! += starts[i]!;
  const order = new Uint32Array(count);
  const fill = starts.slice();
  for (let i = 0; i < count; i++) order[fill[prefix(i)]!++] = i;
  for (let group = 0; group < 65536; group++) sortGroup(records, order, starts[group]!, starts[group + 1]!);
  const sorted = Buffer.allocUnsafe(records.length);
  order.forEach((record, at) => {
    records.copy(sorted, at * RECORD_BYTES, record * RECORD_BYTES, (record + 1) * RECORD_BYTES);
  });
  return sorted;
}

/** Sorts the numbers of the records from `from` up to `to`. */
function sortGroup(records: Buffer, order: Uint32Array, from: number, to: number): void {
  if (to - from > MANY) {
    order.subarray(from, to).sort((a, b) => compareRecords(records, a, b));
    return;
  }
  for (let i = from + 1; i < to; i++) {
    const record = order[i]!;
    let at = i;
    for (; at > from && compareRecords(records, order[at - 1]!, record) > 0; at--) order[at] = order[at - 1]!;
    order[at] = record;
  }
}

/** From here on the general sort is faster than one by insertion, for all that it takes to call it. */
const MANY = 32;

function compareRecords(records: Buffer, a: number, b: number): number {
  const x = a * RECORD_BYTES;
  const y = b * RECORD_BYTES;
  const byId = records.compare(records, y, y + ID_BYTES, x, x + ID_BYTES);
  return byId !== 0 ? byId : records.readUInt32LE(x + ID_BYTES) - records.readUInt32LE(y + ID_BYTES);
}
