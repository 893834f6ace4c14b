import { describe, expect, it } from 'vitest';
import { SeededRandom } from './seeded-random.ts';

describe('the seeded random source', () => {
  it('repeats itself for the same seed and not for another', () => {
    const first = new SeededRandom(7).bytes(100);
    expect(new SeededRandom(7).bytes(100)).toEqual(first);
    expect(new SeededRandom(8).bytes(100)).not.toEqual(first);
  });

  it('gives as many bytes as asked, never the same twice', () => {
    const random = new SeededRandom(1);
    expect(random.bytes(33)).toHaveLength(33);
    expect(random.bytes(16)).not.toEqual(random.bytes(16));
  });

  it('gives every number below a limit and none above', () => {
    const random = new SeededRandom(1);
    const seen = new Set(Array.from({ length: 200 }, () => random.below(5)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
  });
});
