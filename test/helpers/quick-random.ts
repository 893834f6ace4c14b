/** Numbers that depend on the seed alone, for simulations that ask a million times. Source: Marsaglia, Xorshift RNGs, 2003. */
export class QuickRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed || 1;
  }

  /** A whole number from `low` up to, not including, `high`. */
  between(low: number, high: number): number {
    return low + Math.floor(this.#next() * (high - low));
  }

  /** True once in `oneIn` times. */
  chance(oneIn: number): boolean {
    return this.#next() * oneIn < 1;
  }

  /** From 0 up to, not including, 1. */
  #next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) / 2 ** 32;
  }
}
