import { describe, expect, it } from 'vitest';
import { formatDayWindow, parseDayWindow } from '../../src/shared/day-window.ts';

describe('a part of the day', () => {
  it.each([
    ['22:00-06:00', { from: 1320, to: 360 }],
    ['9:30 - 17:00', { from: 570, to: 1020 }],
    ['00:00-24:00', { from: 0, to: 1440 }],
  ])('is read from %j', (text, window) => {
    expect(parseDayWindow(text)).toEqual(window);
  });

  it.each(['25:00-26:00', '10:00-10:00', '24:00-01:00', '10:60-11:00', '10-11', 'night', ''])('is not %j', (text) => {
    expect(() => parseDayWindow(text)).toThrow('must be a part of a day');
  });

  it('is written as it is read', () => {
    expect(formatDayWindow(parseDayWindow('9:05-24:00'))).toBe('09:05-24:00');
  });
});
