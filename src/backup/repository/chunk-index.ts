import { ID_BYTES, type PackIndex, type PackInfo, RECORD_BYTES } from '../format/pack-index.ts';

/** Where one copy of a chunk is. */
export interface ChunkCopy {
  pack: PackInfo;
  /** Position of the pack in `ChunkIndex.packs`. */
  packNumber: number;
  /** The block's place in the pack and its length there: header, ciphertext and tag. */
  blockOffset: number;
  blockLength: number;
  /** The chunk's place in the block's plaintext. */
  offset: number;
  length: number;
}

interface Part {
  index: PackIndex;
  /** Number of the part's first record among all records. */
  firstRecord: number;
  /** For each of the part's packs: its position in `packs`. */
  packNumbers: Int32Array;
}

const EMPTY = 0;

/**
 * All copies of all chunks, by ID. The records stay in the buffers that they were read into (44 bytes a chunk); beside them stands an
 * open-addressing hash table of record numbers (8 to 16 bytes a chunk). IDs are HMACs, so their first bytes serve as the hash.
 */
export class ChunkIndex {
  /** Each pack once, however many runs name it. */
  readonly packs: PackInfo[] = [];
  /** Records that count: copies, not distinct chunks. */
  readonly copyCount: number;
  /** All record numbers are below this. */
  readonly recordLimit: number;
  readonly #parts: Part[] = [];
  readonly #slots: Uint32Array;
  readonly #mask: number;

  /** `parts` are index runs and trailers as decoded; of a pack that several describe the first description counts. */
  constructor(parts: readonly PackIndex[]) {
    const records = parts.reduce((sum, part) => sum + part.records.length / RECORD_BYTES, 0);
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, records * 2)));
    this.#slots = new Uint32Array(size);
    this.#mask = size - 1;
    const known = new Set<string>();
    let count = 0;
    let firstRecord = 0;
    for (const index of parts) {
      const part = { index, firstRecord, packNumbers: this.#numberPacks(index, known) };
      this.#parts.push(part);
      count += this.#insertAll(part);
      firstRecord += index.records.length / RECORD_BYTES;
    }
    this.copyCount = count;
    this.recordLimit = firstRecord;
  }

  #numberPacks(index: PackIndex, known: Set<string>): Int32Array {
    return Int32Array.from(index.packs, (pack) => {
      if (known.has(pack.id)) return -1;
      known.add(pack.id);
      return this.packs.push(pack) - 1;
    });
  }

  #insertAll({ index, firstRecord, packNumbers }: Part): number {
    const { records, blockPack } = index;
    let count = 0;
    for (let at = 0, record = firstRecord; at < records.length; at += RECORD_BYTES, record++) {
      const pack = blockPack[records.readUInt32LE(at + ID_BYTES)] as number;
      if ((packNumbers[pack] as number) < 0) continue;
      let slot = records.readUInt32LE(at) & this.#mask;
      while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = record + 1;
      count++;
    }
    return count;
  }

  /** Numbers of the records of all copies of a chunk; empty where it is unknown. */
  copies(id: Buffer): number[] {
    const found: number[] = [];
    let slot = id.readUInt32LE(0) & this.#mask;
    for (let entry = this.#slots[slot]; entry !== EMPTY; entry = this.#slots[slot]) {
      const record = (entry as number) - 1;
      const { index, firstRecord } = this.#partOf(record);
      const at = (record - firstRecord) * RECORD_BYTES;
      if (isSameId(index.records, at, id)) found.push(record);
      slot = (slot + 1) & this.#mask;
    }
    return found;
  }

  /** Position in `packs` of the pack that holds a record's copy. */
  packNumber(record: number): number {
    const { index, firstRecord, packNumbers } = this.#partOf(record);
    const block = index.records.readUInt32LE((record - firstRecord) * RECORD_BYTES + ID_BYTES);
    return packNumbers[index.blockPack[block] as number] as number;
  }

  copy(record: number): ChunkCopy {
    const { index, firstRecord, packNumbers } = this.#partOf(record);
    const at = (record - firstRecord) * RECORD_BYTES;
    const block = index.records.readUInt32LE(at + ID_BYTES);
    const packNumber = packNumbers[index.blockPack[block] as number] as number;
    return {
      pack: this.packs[packNumber] as PackInfo,
      packNumber,
      blockOffset: index.blockOffset[block] as number,
      blockLength: index.blockLength[block] as number,
      offset: index.records.readUInt32LE(at + 36),
      length: index.records.readUInt32LE(at + 40),
    };
  }

  /** The ID of a record's chunk (a view). */
  idOf(record: number): Buffer {
    const { index, firstRecord } = this.#partOf(record);
    const at = (record - firstRecord) * RECORD_BYTES;
    return index.records.subarray(at, at + ID_BYTES);
  }

  /** Numbers of all records that count, in no particular order. */
  *records(): Generator<number> {
    for (const entry of this.#slots) if (entry !== EMPTY) yield entry - 1;
  }

  #partOf(record: number): Part {
    let low = 0;
    let high = this.#parts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#parts[middle] as Part).firstRecord <= record) low = middle;
      else high = middle - 1;
    }
    return this.#parts[low] as Part;
  }
}

/** Compared in words: most records in the way differ in the first, and a call out of JavaScript costs more than all eight. */
function isSameId(records: Buffer, at: number, id: Buffer): boolean {
  for (let word = 0; word < ID_BYTES; word += 4) {
    if (records.readUInt32LE(at + word) !== id.readUInt32LE(word)) return false;
  }
  return true;
}
