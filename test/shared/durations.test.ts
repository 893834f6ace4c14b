import { describe, expect, it } from 'vitest';
import { exactDuration, formatDuration, parseDuration, parsePercentage } from '../../src/shared/durations.ts';

const HOUR = 3_600_000;

describe('a duration is read', () => {
  it.each([
    ['0s', 0],
    ['250ms', 250],
    ['90s', 90_000],
    ['15 min', 15 * 60_000],
    ['5m', 5 * 60_000],
    ['72h', 72 * HOUR],
    ['1.5 hours', 1.5 * HOUR],
    ['30d', 720 * HOUR],
    ['2 weeks', 336 * HOUR],
    ['6 months', 6 * 720 * HOUR],
    ['1y', 8760 * HOUR],
    [' 1H30M ', 1.5 * HOUR],
    ['1 day 2 hours', 26 * HOUR],
  ])('from %j', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', ' ', '72', 'h', '-3h', '3 parsecs', '1h,', '1h 2', '10%', '1e3s', '999999999999y'])(
    'but %j is refused with an example of what to write',
    (text) => {
      expect(() => parseDuration(text)).toThrow(
        expect.objectContaining({ code: 'usage', advice: expect.stringContaining('72h') }),
      );
    },
  );
});

describe('a percentage is read', () => {
  it.each([
    ['0%', 0],
    ['10%', 0.1],
    ['2.5 %', 0.025],
    ['100%', 1],
  ])('from %j', (text, share) => {
    expect(parsePercentage(text)).toBeCloseTo(share, 10);
  });

  it.each(['', '10', '101%', '-1%', '%', '10%%'])('but %j is refused', (text) => {
    expect(() => parsePercentage(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('a duration is written', () => {
  it.each([
    [0, '0 ms'],
    [849.6, '850 ms'],
    [999.7, '1.0 s'],
    [12_345, '12.3 s'],
    [59_940, '59.9 s'],
    [59_960, '1 min'],
    [245_000, '4 min 5 s'],
    [HOUR - 400, '1 h'],
    [1.5 * HOUR, '1 h 30 min'],
    [24 * HOUR - 1, '1 d'],
    [26 * HOUR, '1 d 2 h'],
    [720 * HOUR, '30 d'],
  ])('%d ms as %j', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('an exact duration', () => {
  it.each([0, 1500, 90_000, 5 * 60_000, 12 * 3_600_000, 365 * 86_400_000])('of %i ms is read back as it was', (ms) => {
    expect(parseDuration(exactDuration(ms))).toBe(ms);
  });
});
