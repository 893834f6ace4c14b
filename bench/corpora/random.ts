/**
 * Seeded pseudo-random numbers for the corpora: sfc32 (Chris Doty-Humphrey, PractRand). Integer arithmetic
 * only, so that the same seed gives the same bytes on every machine.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** Seeds from any list of names and numbers; lists that differ anywhere give unrelated streams. */
  constructor(...seed: readonly (string | number)[]) {
    const text = seed.join('\u0000');
    this.#a = hashText(text, 0x9e3779b9);
    this.#b = hashText(text, 0x85ebca6b);
    this.#c = hashText(text, 0xc2b2ae35);
    for (let round = 0; round < 12; round++) this.uint32();
  }

  /** The next number, 0 to 2^32 - 1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** An integer, 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * limit);
  }

  /** An integer, `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  /** An element, all equally likely. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** An element, early ones far more often than late ones, as words are in any text. */
  pickSkewed<T>(items: readonly T[]): T {
    const share = this.uint32() / 0x1_0000_0000;
    return items[Math.floor(share * share * items.length)] as T;
  }

  /** Eight hexadecimal digits. */
  hex8(): string {
    return this.uint32().toString(16).padStart(8, '0');
  }
}

/** FNV-1a over UTF-16 units with the finaliser of MurmurHash3. */
function hashText(text: string, basis: number): number {
  let hash = basis;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
