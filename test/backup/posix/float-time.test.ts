import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floatTime } from '../../../src/backup/posix/float-time.ts';
import { testSeed } from '../../helpers/seeded-random.ts';

const anyTime = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });

describe('a time as a double of seconds', () => {
  it('is text before 1970, because Node takes negative numbers for now', () => {
    expect([floatTime(-1_500_000_000n), floatTime(0n), floatTime(1_500_000_000n)]).toEqual(['-1.5', 0, 1.5]);
  });

  it('grows with the time', () => {
    const property = fc.property(anyTime, fc.bigInt({ min: 0n, max: 10_000n }), (timeNs, moreNs) => {
      expect(Number(floatTime(timeNs))).toBeLessThanOrEqual(Number(floatTime(timeNs + moreNs)));
    });
    fc.assert(property, { seed: testSeed() });
  });

  it('is less than one step of a double away', () => {
    const property = fc.property(anyTime, (timeNs) => {
      const apart = Math.abs(Number(floatTime(timeNs)) - Number(timeNs) / 1e9);
      expect(apart).toBeLessThanOrEqual(Math.max((Math.abs(Number(timeNs)) / 1e9) * 2 ** -51, 1e-9));
    });
    fc.assert(property, { seed: testSeed() });
  });
});
