import { describe, expect, it } from 'vitest';
import { readMarkup } from './live-markup.ts';

describe('the reader of Discord’s markup', () => {
  it.each([
    '<@1>',
    '<@!1>',
    '<@&1>',
    '<#1>',
    '@everyone',
    '@here',
    'https://evil.example',
    '[click](https://evil.example)',
    '<:party:1>',
    '</restore:1>',
    'discord.gg/invite',
  ])('finds what is alive: %s', (text) => {
    expect(readMarkup(`a ${text} b`).alive).not.toEqual([]);
  });

  it.each(['\\<@1>', '\\@everyone', 'https\\://evil.example', '`<@1>`', '```\n<@1> `` x\n```', '<t:1:R>'])(
    'lets be what is not: %s',
    (text) => {
      expect(readMarkup(`a ${text} b`).alive).toEqual([]);
    },
  );
});
