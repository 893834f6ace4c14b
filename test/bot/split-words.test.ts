import { describe, expect, it } from 'vitest';
import { splitWords } from '../../src/bot/split-words.ts';

describe('a typed line', () => {
  it.each([
    ['', []],
    ['  list   --tag a ', ['list', '--tag', 'a']],
    ['find "two words" \'and "these"\'', ['find', 'two words', 'and "these"']],
    ['a\\ b "c \\" d" e"f g"h', ['a b', 'c " d', 'ef gh']],
    ['--exclude="*.tmp" ""', ['--exclude=*.tmp', '']],
    ["'it\\'", ['it\\']],
  ])('%j is the words %j', (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });

  it.each(['find "open', "it's", 'end\\'])('is refused when a quote stays open: %j', (line) => {
    expect(() => splitWords(line)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
