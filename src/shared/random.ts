import { randomBytes } from 'node:crypto';

/** Random bytes, injected wherever they matter, so that a test can be replayed from its seed. */
export interface RandomSource {
  /** `length` unpredictable bytes in a buffer of their own. */
  bytes(length: number): Buffer;
}

export const systemRandom: RandomSource = { bytes: (length) => randomBytes(length) };

/** A number from 0 up to, not including, 1. */
export function randomFraction(random: RandomSource): number {
  return random.bytes(4).readUInt32LE(0) / 2 ** 32;
}
