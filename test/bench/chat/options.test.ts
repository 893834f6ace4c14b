import { describe, expect, it } from 'vitest';
import { readChatOptions } from '../../../bench/chat/options.ts';

describe('readChatOptions', () => {
  it('measures 500 snapshots, 2 GB and 200 invocations when nothing is said', () => {
    expect(readChatOptions([], '/work')).toMatchObject({ snapshots: 500, scale: 1, burst: 200, work: '/work' });
  });

  it.each([
    [['--scale', '2'], /--scale: "2" does not fit; it takes a number above 0, at most 1/],
    [['--rounds', '1.5'], /--rounds: "1.5" does not fit; it takes a whole number/],
    [['--rate', '1000'], /--rate: "1000" does not fit/],
  ])('refuses %j with what it takes', (args, message) => {
    expect(() => readChatOptions(args, '/work')).toThrow(message);
  });
});
