import { createHash, randomInt } from 'node:crypto';
import type { RandomSource } from '../../src/shared/random.ts';

/** Random bytes that depend on the seed alone: SHA-256 of the seed and a counter. For tests, never for keys. */
export class SeededRandom implements RandomSource {
  private readonly seed: number;
  private counter = 0;

  constructor(seed: number) {
    this.seed = seed;
  }

  bytes(length: number): Buffer {
    const blocks: Buffer[] = [];
    for (let made = 0; made < length; made += 32) {
      blocks.push(
        createHash('sha256')
          .update(`${this.seed}/${this.counter++}`)
          .digest(),
      );
    }
    return Buffer.concat(blocks, length);
  }

  /** A whole number from 0 up to, not including, `limit` (at most 2^48). */
  below(limit: number): number {
    return Math.floor((this.bytes(6).readUIntBE(0, 6) / 2 ** 48) * limit);
  }
}

/** The seed of this run: HOLDFAST_SEED replays one, else a fresh one. Put it in the message of what can fail. */
export function testSeed(): number {
  return Number(process.env.HOLDFAST_SEED ?? randomInt(2 ** 31));
}
