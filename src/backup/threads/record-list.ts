import { discard } from '../format/compression.ts';
import { writeRecord } from '../format/pack.ts';
import { ID_BYTES, RECORD_BYTES } from '../format/pack-index.ts';

const FIRST_ROOM = 256 * RECORD_BYTES;
const OFFSET_AT = ID_BYTES + 4;
const LENGTH_AT = ID_BYTES + 8;

/** Records of chunks (`PackIndex.records`) while they come in: a buffer that grows. */
export class RecordList {
  #bytes = Buffer.allocUnsafeSlow(FIRST_ROOM);
  #length = 0;

  get count(): number {
    return this.#length / RECORD_BYTES;
  }

  lengthOf(at: number): number {
    return this.#bytes.readUInt32LE(at * RECORD_BYTES + LENGTH_AT);
  }

  add(id: Buffer, block: number, offset: number, length: number): void {
    this.#makeRoom(RECORD_BYTES);
    writeRecord(this.#bytes, this.#length, id, block, offset, length);
    this.#length += RECORD_BYTES;
  }

  /** Adds the chunks of a block, whose number is `block`, and whose offsets all lie `shift` bytes further on than they say. */
  addBlock(chunks: RecordList, block: number, shift: number): void {
    this.#makeRoom(chunks.#length);
    let at = this.#length;
    this.#length += chunks.#bytes.copy(this.#bytes, at, 0, chunks.#length);
    for (; at < this.#length; at += RECORD_BYTES) {
      this.#bytes.writeUInt32LE(block, at + ID_BYTES);
      this.#bytes.writeUInt32LE(this.#bytes.readUInt32LE(at + OFFSET_AT) + shift, at + OFFSET_AT);
    }
  }

  /** Adds the chunks that lie in block `block` one behind the other: their IDs, and where each begins in it, and where the last ends. */
  addAll(ids: Buffer, block: number, offsets: Uint32Array): void {
    const count = offsets.length - 1;
    this.#makeRoom(count * RECORD_BYTES);
    for (let i = 0; i < count; i++) {
      const at = this.#length;
      const offset = offsets[i] as number;
      ids.copy(this.#bytes, at, ID_BYTES * i, ID_BYTES * (i + 1));
      this.#bytes.writeUInt32LE(block, at + ID_BYTES);
      this.#bytes.writeUInt32LE(offset, at + OFFSET_AT);
      this.#bytes.writeUInt32LE((offsets[i + 1] as number) - offset, at + LENGTH_AT);
      this.#length += RECORD_BYTES;
    }
  }

  clear(): void {
    this.#length = 0;
  }

  /** The records, in a buffer of their own; the list is of no use afterwards. */
  take(): Buffer {
    const records = Buffer.allocUnsafeSlow(this.#length);
    this.#bytes.copy(records, 0, 0, this.#length);
    discard(this.#bytes);
    return records;
  }

  #makeRoom(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#length + bytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    discard(this.#bytes);
    this.#bytes = larger;
  }
}
