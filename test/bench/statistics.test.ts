import { describe, expect, it } from 'vitest';
import { median, pairedRatio, rotated } from '../../bench/statistics.ts';

describe('median', () => {
  it('is the middle of an odd number of values, whatever their order', () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it('is the mean of the two middle ones of an even number', () => {
    expect(median([10, 2, 4, 1])).toBe(3);
  });

  it('refuses an empty list', () => {
    expect(() => median([])).toThrow(/no values/);
  });
});

describe('pairedRatio', () => {
  it('compares each run with the same run, so that a slow run of both changes nothing', () => {
    const peer = new Map([
      [1, 4],
      [2, 40],
      [3, 6],
    ]);
    const ours = new Map([
      [1, 2],
      [2, 20],
      [3, 2],
    ]);
    expect(pairedRatio(peer, ours)).toBe(2);
  });

  it('leaves out runs that only one side has', () => {
    const ours = new Map([
      [1, 2],
      [2, 1],
    ]);
    expect(pairedRatio(new Map([[1, 6]]), ours)).toBe(3);
  });

  it('is undefined when no run has both', () => {
    expect(pairedRatio(new Map([[1, 6]]), new Map([[2, 3]]))).toBeUndefined();
  });
});

describe('rotated', () => {
  it('lets every tool begin once', () => {
    const tools = ['a', 'b', 'c'];
    expect([0, 1, 2, 3].map((turns) => rotated(tools, turns).join(''))).toEqual(['abc', 'bca', 'cab', 'abc']);
  });
});
