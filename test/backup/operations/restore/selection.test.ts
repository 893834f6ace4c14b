import { describe, expect, it } from 'vitest';
import { Selection } from '../../../../src/backup/operations/restore/selection.ts';
import { type ByteString, encodeText } from '../../../../src/shared/bytes.ts';

describe('a selection of paths', () => {
  it.each([
    ['', 'above'],
    ['a', 'above'],
    ['a/b', 'inside'],
    ['a/b/c', 'inside'],
    ['a/bc', 'outside'],
    ['b', 'outside'],
    ['größe', 'inside'],
  ] as const)('says where %j lies', (path, expected) => {
    expect(new Selection(['a/b', 'größe']).of(encodeText(path))).toBe(expected);
  });

  it.each(['a/b', '/a/b', './a/b/', '//a/b'])('takes %j for the same path', (path) => {
    expect(new Selection([path]).paths).toEqual(['a/b']);
  });

  it.each([undefined, [], ['/'], ['.'], ['a', '']])('is everything for %j', (paths) => {
    expect(new Selection(paths).everything).toBe(true);
  });

  it.each(['a/../b', '..', 'a//b'])('refuses %j', (path) => {
    expect(() => new Selection([path])).toThrow('not a path inside a snapshot');
  });

  it('knows which of its paths the snapshot lacks', () => {
    const selection = new Selection(['a', 'b/c']);
    selection.of('a' as ByteString);
    selection.meet('a' as ByteString);
    expect(() => selection.requireAllMet('1234')).toThrow('has no path b/c');
    selection.meet('b/c' as ByteString);
    expect(() => selection.requireAllMet('1234')).not.toThrow();
  });
});
