import { describe, expect, it } from 'vitest';
import { readOptions } from '../../bench/options.ts';

describe('readOptions', () => {
  it('measures the three usual corpora with all tools, three times, when nothing is said', () => {
    expect(readOptions([], '/work')).toMatchObject({
      corpora: ['small', 'large', 'mixed'],
      tools: ['holdfast', 'restic', 'borg'],
      runs: 3,
      scale: 1,
      work: '/work',
    });
  });

  it('keeps the phases in the order in which they happen', () => {
    expect(readOptions(['--phases', 'restore,full'], '/work').phases).toEqual(['full', 'restore']);
  });

  it.each([
    [['--corpus', 'tiny'], /--corpus: "tiny" is unknown; it takes small/],
    [['--scale', '2'], /--scale: "2"/],
    [['--runs', '0'], /--runs: "0"/],
  ])('refuses %j with what it takes', (args, message) => {
    expect(() => readOptions(args, '/work')).toThrow(message);
  });
});
