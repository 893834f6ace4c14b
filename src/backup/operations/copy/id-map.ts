import { ID_BYTES } from '../../format/pack-index.ts';

const ROW_BYTES = 2 * ID_BYTES;
const FIRST_ROWS = 1024;

/**
 * Chunk IDs of one repository by those of another: 64 bytes a chunk and half as much room again, without an object each. IDs are outputs of a keyed hash,
 * so their first bytes serve as the hash.
 */
export class IdMap {
  #rows = Buffer.alloc(FIRST_ROWS * ROW_BYTES);
  #taken = new Uint8Array(FIRST_ROWS);
  #count = 0;

  get(id: Buffer): Buffer | undefined {
    const row = this.#find(id);
    if (this.#taken[row] === 0) return undefined;
    return this.#rows.subarray(row * ROW_BYTES + ID_BYTES, (row + 1) * ROW_BYTES);
  }

  set(id: Buffer, other: Buffer): void {
    if (3 * this.#count >= 2 * this.#taken.length) this.#grow();
    const row = this.#find(id);
    if (this.#taken[row] === 0) this.#count++;
    this.#taken[row] = 1;
    id.copy(this.#rows, row * ROW_BYTES);
    other.copy(this.#rows, row * ROW_BYTES + ID_BYTES);
  }

  /** The row that holds the ID, or the free one where it belongs. */
  #find(id: Buffer): number {
    const mask = this.#taken.length - 1;
    let row = id.readUInt32LE(0) & mask;
    while (this.#taken[row] !== 0 && id.compare(this.#rows, row * ROW_BYTES, row * ROW_BYTES + ID_BYTES) !== 0) {
      row = (row + 1) & mask;
    }
    return row;
  }

  #grow(): void {
    const rows = this.#rows;
    const taken = this.#taken;
    this.#rows = Buffer.alloc(2 * rows.length);
    this.#taken = new Uint8Array(2 * taken.length);
    this.#count = 0;
    for (let row = 0; row < taken.length; row++) {
      if (taken[row] === 0) continue;
      const at = row * ROW_BYTES;
      this.set(rows.subarray(at, at + ID_BYTES), rows.subarray(at + ID_BYTES, at + ROW_BYTES));
    }
  }
}
