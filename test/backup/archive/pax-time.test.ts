import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floorSeconds, formatPaxTime, parsePaxTime, secondsToNs } from '../../../src/backup/archive/pax-time.ts';

describe('times of extended headers', () => {
  it.each([
    ['0', 0n],
    ['1.5', 1_500_000_000n],
    ['-1.5', -1_500_000_000n],
    ['-0.000000001', -1n],
    ['9007199254740991.999999999', 9_007_199_254_740_991_999_999_999n],
  ])('%s stands for %s ns, both ways', (text, ns) => {
    expect(parsePaxTime(text)).toBe(ns);
    expect(formatPaxTime(ns)).toBe(text);
  });

  it.each([
    ['+1.', 1_000_000_000n],
    ['1.0000000019', 1_000_000_001n],
    ['-1.0000000011', -1_000_000_002n],
    ['-1.0000000010', -1_000_000_001n],
  ])('%s is read as %s ns', (text, ns) => {
    expect(parsePaxTime(text)).toBe(ns);
  });

  it.each(['', '.5', '1e3', '0x1', '1,5', '--1', '9007199254740992', '9'.repeat(30)])('%j is refused', (text) => {
    expect(parsePaxTime(text)).toBeUndefined();
  });

  it('come back as they were', () => {
    fc.assert(fc.property(fc.bigInt(-(2n ** 80n), 2n ** 80n), (ns) => parsePaxTime(formatPaxTime(ns)) === ns));
  });

  it('are rounded down to seconds', () => {
    expect([-1n, -1_000_000_000n, -1_000_000_001n, 1_999_999_999n].map(floorSeconds)).toEqual([-1n, -1n, -2n, 1n]);
  });

  it('are refused beyond what a snapshot can hold', () => {
    expect(secondsToNs(2n ** 53n)).toBeUndefined();
    expect(secondsToNs(-5n)).toBe(-5_000_000_000n);
  });
});
