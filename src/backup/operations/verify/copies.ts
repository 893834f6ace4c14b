import { ID_BYTES, type PackIndex, packName, RECORD_BYTES } from '../../format/pack-index.ts';
import type { ChunkIndex } from '../../repository/chunk-index.ts';

const SOUND = 0;
const ABSENT = 1;
/** Some of its chunks can be read: `#held` says which. */
const PARTIAL = 2;

/** How what a pack holds differs from what the index says. */
export interface Difference {
  /** Chunks that the index promises and that cannot be read. */
  lacking: number;
  /** Chunks that are there and that the index does not name at that place. */
  unnamed: number;
}

/** Which copies of chunks can be read. All packs count as sound until something else is found. */
export class Copies {
  readonly index: ChunkIndex;
  readonly #state: Uint8Array;
  readonly #held: Uint8Array;
  readonly #numbers: Map<string, number>;
  /** Records of each pack. */
  readonly #counts: Uint32Array;
  /** Chunks, as hexadecimal digits, in packs in which the index does not look for them. */
  readonly #strays = new Set<string>();

  constructor(index: ChunkIndex) {
    this.index = index;
    this.#state = new Uint8Array(index.packs.length);
    this.#held = new Uint8Array(index.recordLimit);
    this.#numbers = new Map(index.packs.map(({ id }, number) => [id, number]));
    this.#counts = new Uint32Array(index.packs.length);
    for (const record of index.records()) this.#counts[index.packNumber(record)]!++;
  }

  /** True where nothing is known to be lacking. */
  get allSound(): boolean {
    return this.#state.every((state) => state === SOUND);
  }

  packNumber(id: string): number | undefined {
    return this.#numbers.get(id);
  }

  chunksIn(packNumber: number): number {
    return this.#counts[packNumber] as number;
  }

  isGood(record: number): boolean {
    const state = this.#state[this.index.packNumber(record)];
    return state === SOUND || (state === PARTIAL && this.#held[record] === 1);
  }

  /** The pack is gone, or nothing in it can be read. */
  setAbsent(packNumber: number): void {
    this.#state[packNumber] = ABSENT;
  }

  /** `held`: what the pack really holds. `strays`: readers find what the index does not name in it. */
  setHeld(packNumber: number, held: PackIndex, strays: boolean): Difference {
    let matched = 0;
    let unnamed = 0;
    const id = Buffer.alloc(ID_BYTES);
    for (let at = 0; at < held.records.length; at += RECORD_BYTES) {
      held.records.copy(id, 0, at, at + ID_BYTES);
      const record = this.#find(packNumber, held, at, id);
      if (record === undefined) {
        unnamed++;
        if (strays) this.#strays.add(id.toString('hex'));
      } else if (this.#held[record] === 0) {
        this.#held[record] = 1;
        matched++;
      }
    }
    const lacking = this.chunksIn(packNumber) - matched;
    this.#state[packNumber] = lacking === 0 ? SOUND : PARTIAL;
    return { lacking, unnamed };
  }

  #find(packNumber: number, held: PackIndex, at: number, id: Buffer): number | undefined {
    const block = held.records.readUInt32LE(at + ID_BYTES);
    for (const record of this.index.copies(id)) {
      const copy = this.index.copy(record);
      const isSame =
        copy.packNumber === packNumber &&
        copy.blockOffset === held.blockOffset[block] &&
        copy.blockLength === held.blockLength[block] &&
        copy.offset === held.records.readUInt32LE(at + 36) &&
        copy.length === held.records.readUInt32LE(at + 40);
      if (isSame) return record;
    }
    return undefined;
  }

  /** Records of the copies of a chunk; kinds cannot be confused, since an ID depends on the kind. */
  of(id: Buffer): number[] {
    return this.index.copies(id);
  }

  isReadable(id: Buffer): boolean {
    return this.of(id).some((record) => this.isGood(record)) || this.#strays.has(id.toString('hex'));
  }

  /** Names of the packs that should hold a chunk. */
  packsOf(id: Buffer): string[] {
    return [...new Set(this.of(id).map((record) => packName(this.index.copy(record).pack.id)))];
  }

  /** Records in a pack whose chunk cannot be read from there. */
  *bad(packNumber: number): Generator<number> {
    if (this.#state[packNumber] === SOUND) return;
    for (const record of this.index.records()) {
      if (this.index.packNumber(record) === packNumber && !this.isGood(record)) yield record;
    }
  }
}
