import { describe, expect, it } from 'vitest';
import { formatBytes } from '../../src/shared/sizes.ts';
import {
  formatAge,
  formatBriefTime,
  formatCount,
  formatSentence,
  formatShare,
  formatTime,
} from '../../src/view/units.ts';
import { age, bytes, command, count, id } from '../../src/view/value.ts';

const NOW = Date.UTC(2026, 10, 20, 12);

describe('units', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [10_240, '10.0 KiB'],
    [1_048_500, '1.00 MiB'],
    [213 * 1024 ** 3, '213 GiB'],
    [1024 ** 6, '1024 PiB'],
  ])('%d bytes are %s', (size, words) => {
    expect(formatBytes(size)).toBe(words);
  });

  it.each([
    [0, '0 %'],
    [0.0456, '4.5 %'],
    [0.999, '99 %'],
    [1, '100 %'],
  ])('a share of %d is %s', (part, words) => {
    expect(formatShare(part)).toBe(words);
  });

  it.each([
    ['2026-11-20T09:15:02Z', '11-20 09:15'],
    ['2026-02-01T00:00:00Z', '02-01 00:00'],
    ['2025-11-20T09:15:02Z', '2025-11-20'],
    ['no time', 'no time'],
  ])('%s is %s where it has to be brief', (iso, words) => {
    expect(formatBriefTime(iso, NOW)).toBe(words);
  });

  it.each([
    [0, 'just now'],
    [59_000, '59 seconds ago'],
    [3_600_000, '1 hour ago'],
    [47 * 3_600_000, '47 hours ago'],
    [10 * 86_400_000, '10 days ago'],
    [-7_200_000, 'in 2 hours'],
  ])('%d ms before now is %s', (before, words) => {
    expect(formatAge(new Date(NOW - before).toISOString(), NOW)).toBe(words);
  });

  it('groups digits, shows times in UTC and joins sentences', () => {
    expect(formatCount(1_234_567)).toBe('1,234,567');
    expect(formatTime('2026-11-20T09:15:02.123Z')).toBe('2026-11-20 09:15:02 UTC');
    const sentence = [
      count(1, 'file'),
      ' of ',
      bytes(17),
      ' in ',
      id('0123456789abcdef'),
      ' ',
      age(new Date(NOW).toISOString()),
      ': ',
      command('list'),
    ];
    expect(formatSentence(sentence, { nowMs: NOW, commandPrefix: '/' })).toBe(
      '1 file of 17 B in 01234567 just now: /list',
    );
  });
});
