import { describe, expect, it } from 'vitest';
import { closest } from '../../src/commands/suggest.ts';

const NAMES = ['backup', 'list', 'restore', 'repair index', 'key list', 'ls'];

describe('a suggestion', () => {
  it.each([
    ['bakcup', 'backup'],
    ['RESTOR', 'restore'],
    ['lst', 'list'],
    ['rep', 'repair index'],
    ['key lsit', 'key list'],
    ['xyz', undefined],
    ['', undefined],
    ['verify', undefined],
  ])('for %j is %j', (typed, meant) => {
    expect(closest(typed, NAMES)).toBe(meant);
  });
});
