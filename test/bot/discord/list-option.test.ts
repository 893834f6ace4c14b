import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseListOption, quoteWord, splitPartialList } from '../../../src/bot/discord/list-option.ts';

describe('a list that is typed into one option', () => {
  it.each([
    ['a.txt', ['a.txt']],
    [' a.txt  b/c ', ['a.txt', 'b/c']],
    [`"my notes.txt" 'x y'`, ['my notes.txt', 'x y']],
    [`it's.txt`, [`it's.txt`]],
  ])('holds the words of %j', (text, words) => {
    expect(parseListOption(text)).toEqual(words);
  });

  it.each([
    ['', '', ''],
    ['a.t', '', 'a.t'],
    ['a.txt ', 'a.txt ', ''],
    ['a.txt b', 'a.txt ', 'b'],
    ['"my notes.txt" "ot her', '"my notes.txt" ', 'ot her'],
  ])('is completed at its last word: %j', (text, before, partial) => {
    expect(splitPartialList(text)).toEqual({ before, partial });
  });

  it('gives every value back that was quoted for it', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ minLength: 1 }).filter((word) => word.trim() !== ''),
          { minLength: 1 },
        ),
        (values) => {
          expect(parseListOption(values.map(quoteWord).join(' '))).toEqual(values);
        },
      ),
    );
  });
});
