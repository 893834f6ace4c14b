import { describe, expect, it } from 'vitest';
import { parseSaid } from '../../src/bot/said-words.ts';
import { deniableFlag, flag, integer, list, required, text } from '../../src/commands/field.ts';

const fields = {
  backup: required(text('Backup', { position: 'ID' })),
  tags: list('Tags', { position: 'TAG' }),
  path: list('Paths'),
  keepLast: integer('Keep', 1),
  check: flag('Check'),
  verified: deniableFlag('Verified'),
};

const parse = (...words: string[]) => parseSaid('try', fields, words);

describe('what is typed in a chat', () => {
  it.each([
    { words: ['latest'], raw: { backup: 'latest' } },
    { words: ['latest', 'a', 'b'], raw: { backup: 'latest', tags: ['a', 'b'] } },
    { words: ['path:a b', 'latest', 'path:c'], raw: { backup: 'latest', path: ['a b', 'c'] } },
    { words: ['keep-last:7', 'check:yes', 'verified:No'], raw: { keepLast: '7', check: true, verified: false } },
    { words: ['check:', 'true'], raw: { check: true } },
    { words: ['backup:latest', 'a', 'tags:b'], raw: { backup: 'latest', tags: ['a', 'b'] } },
    { words: ['latest', '--path', 'a', '--check'], raw: { backup: 'latest', path: ['a'], check: true } },
    { words: ['latest', '--', 'path:a'], raw: { backup: 'latest', tags: ['path:a'] } },
    { words: ['C:\\data'], raw: { backup: 'C:\\data' } },
    { words: ['path:12:30'], raw: { path: ['12:30'] } },
  ])('$words', ({ words, raw }) => {
    expect(parse(...words)).toEqual({ tags: [], ...raw });
  });

  it.each([
    { words: ['check:maybe'], message: 'check: must be yes or no' },
    { words: ['path:'], message: 'path: its value is missing' },
    { words: ['--pth', 'x'], message: 'unknown option' },
  ])('refuses $words', ({ words, message }) => {
    expect(() => parse(...words)).toThrow(message);
  });

  it.each([
    { words: ['app'], raw: { source: 'app' } },
    { words: ['app', 'tags:a'], raw: { source: 'app', tags: ['a'] } },
    { words: ['source:app'], raw: { source: 'app' } },
    { words: ['--source', 'app'], raw: { source: 'app' } },
  ])('takes $words for a source where nothing else goes without a name', ({ words, raw }) => {
    const input = { source: text('Source'), tags: list('Tags') };
    expect(parseSaid('try', input, words)).toEqual({ ...raw });
  });

  it('says which option was meant', () => {
    expect(() => parseSaid('try', { source: text('Source') }, ['sorce:app'])).toThrow(
      expect.objectContaining({ code: 'usage', advice: 'Did you mean source:?' }),
    );
  });
});
