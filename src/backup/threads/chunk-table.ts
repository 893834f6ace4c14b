import { ID_BYTES, type PackIndex, RECORD_BYTES } from '../format/pack-index.ts';

/**
 * Which chunks the repository has and where: an insert-only hash table in shared memory, so that all threads deduplicate against one
 * another without messages. Keys are the first 12 bytes of the IDs, which are outputs of a keyed hash: among 2^32 chunks the chance that any two
 * agree in them is below 2^-32. Where a chunk lies is not kept here, only in which block.
 *
 * A slot has four 32-bit words: three of the key, then the state, which goes from EMPTY over BUSY (one thread writes the key) to OWN (written
 * in this run, its block is not known yet) or a block number + FIRST.
 */
export class ChunkTable {
  /** What to hand to another thread, for `ChunkTable.attach`. */
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #mask: number;

  private constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.#words = new Int32Array(shared);
    this.#mask = (this.#words.length - HEADER_WORDS) / SLOT_WORDS - 1;
  }

  /** An empty table that holds `chunks` at half its capacity. */
  static create(chunks: number): ChunkTable {
    let slots = MIN_SLOTS;
    while (slots < 2 * chunks) slots *= 2;
    return new ChunkTable(new SharedArrayBuffer(4 * (HEADER_WORDS + slots * SLOT_WORDS)));
  }

  static attach(shared: SharedArrayBuffer): ChunkTable {
    return new ChunkTable(shared);
  }

  get count(): number {
    return Atomics.load(this.#words, 0);
  }

  /** True when more than two thirds are taken: time to move to a larger table while no thread uses this one. */
  get crowded(): boolean {
    return this.count * 3 > 2 * (this.#mask + 1);
  }

  /** The same content in a table twice as large. No thread may insert meanwhile. */
  grown(): ChunkTable {
    const larger = ChunkTable.create(this.#mask + 1);
    for (let slot = 0; slot <= this.#mask; slot++) {
      const at = HEADER_WORDS + slot * SLOT_WORDS;
      if (this.#words[at + STATE] === EMPTY) continue;
      larger.#copySlot(this.#words, at);
    }
    return larger;
  }

  #copySlot(from: Int32Array, at: number): void {
    let slot = (from[at] as number) & this.#mask;
    while (this.#words[HEADER_WORDS + slot * SLOT_WORDS + STATE] !== EMPTY) slot = (slot + 1) & this.#mask;
    this.#words.set(from.subarray(at, at + SLOT_WORDS), HEADER_WORDS + slot * SLOT_WORDS);
    Atomics.add(this.#words, 0, 1);
  }

  /** Adds the chunks of an index; `firstBlock` is what its block 0 is called here. The first copy of a chunk stays. */
  load(index: PackIndex, firstBlock: number): void {
    const { records } = index;
    for (let at = 0; at < records.length; at += RECORD_BYTES) {
      const word = this.#claim(records, at);
      if (word < 0) continue;
      Atomics.store(this.#words, word + STATE, firstBlock + records.readUInt32LE(at + ID_BYTES) + FIRST);
    }
  }

  /**
   * Takes note of a chunk that this thread is about to store. Returns true when the chunk is new: the caller must store it. Otherwise it is
   * known, and `usedBlocks`, where given, is told which block holds it.
   */
  claim(id: Uint8Array, usedBlocks?: Uint8Array): boolean {
    const word = this.#claim(id, 0);
    if (word >= 0) {
      Atomics.store(this.#words, word + STATE, OWN);
      return true;
    }
    this.#markUsed(-word - 1, usedBlocks);
    return false;
  }

  /** True when the chunk is known; its block is then marked in `usedBlocks`. */
  use(id: Uint8Array, usedBlocks: Uint8Array): boolean {
    const word = this.#find(id);
    if (word < 0) return false;
    this.#markUsed(word, usedBlocks);
    return true;
  }

  #markUsed(word: number, usedBlocks: Uint8Array | undefined): void {
    const state = Atomics.load(this.#words, word + STATE);
    if (usedBlocks !== undefined && state >= FIRST) usedBlocks[state - FIRST] = 1;
  }

  /** The word of a slot newly taken for the ID at `at` (its state is BUSY), or -(word + 1) of the slot that holds it already. */
  #claim(bytes: Uint8Array, at: number): number {
    const a = wordAt(bytes, at);
    const b = wordAt(bytes, at + 4);
    const c = wordAt(bytes, at + 8);
    const words = this.#words;
    for (let slot = a & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const word = HEADER_WORDS + slot * SLOT_WORDS;
      if (Atomics.compareExchange(words, word + STATE, EMPTY, BUSY) === EMPTY) {
        words[word] = a;
        words[word + 1] = b;
        words[word + 2] = c;
        Atomics.add(words, 0, 1);
        return word;
      }
      while (Atomics.load(words, word + STATE) === BUSY);
      if (words[word] === a && words[word + 1] === b && words[word + 2] === c) return -word - 1;
    }
  }

  #find(bytes: Uint8Array): number {
    const a = wordAt(bytes, 0);
    const b = wordAt(bytes, 4);
    const c = wordAt(bytes, 8);
    const words = this.#words;
    for (let slot = a & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const word = HEADER_WORDS + slot * SLOT_WORDS;
      let state = Atomics.load(words, word + STATE);
      while (state === BUSY) state = Atomics.load(words, word + STATE);
      if (state === EMPTY) return -1;
      if (words[word] === a && words[word + 1] === b && words[word + 2] === c) return word;
    }
  }
}

const HEADER_WORDS = 8;
const SLOT_WORDS = 4;
const MIN_SLOTS = 1 << 15;
const STATE = 3;

const EMPTY = 0;
const BUSY = 1;
const OWN = 2;
const FIRST = 3;

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
