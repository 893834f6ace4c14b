import { describe, expect, it } from 'vitest';
import { daysUntil } from '../../../src/jobs/watch/forecast.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2030, 5, 1);

/** One sample a day, the last of them today. */
const daily = (values: readonly number[]) =>
  values.map((value, i) => ({ at: new Date(NOW_MS - (values.length - 1 - i) * DAY_MS).toISOString(), value }));

describe('the days until something is full', () => {
  it('are what is left by what a day adds', () => {
    expect(daysUntil(daily([10, 20, 30, 40, 50]), 100, NOW_MS)).toBeCloseTo(5);
  });

  it('are not bent by one large backup or one prune', () => {
    expect(daysUntil(daily([10, 20, 30, 240, 50, 60, 70, 20, 90, 100]), 200, NOW_MS)).toBeCloseTo(10, 0);
  });

  it.each([
    ['there is nothing', []],
    ['there are too few samples', [10, 20, 30]],
    ['it does not grow', [50, 50, 50, 50, 50]],
    ['it shrinks', [50, 40, 30, 20, 10]],
  ])('are unknown where %s', (_what, values) => {
    expect(daysUntil(daily(values), 100, NOW_MS)).toBeNull();
  });

  it('are none where it is full', () => {
    expect(daysUntil(daily([70, 80, 90, 100]), 100, NOW_MS)).toBe(0);
  });

  it('leave out what was long ago', () => {
    const flat = daily(Array.from({ length: 31 }, () => 50)).map(({ at, value }) => ({
      at: new Date(Date.parse(at) - 40 * DAY_MS).toISOString(),
      value,
    }));
    expect(daysUntil([...flat, ...daily([50, 60, 70, 80])], 100, NOW_MS)).toBeCloseTo(2);
  });
});
