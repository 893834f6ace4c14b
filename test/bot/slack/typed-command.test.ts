import { beforeAll, describe, expect, it } from 'vitest';
import { type ChatCommands, loadChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import { readTyped } from '../../../src/bot/slack/typed-command.ts';

let commands: ChatCommands;

beforeAll(async () => {
  commands = await loadChatCommands();
});

const raw = (slash: string, typed: string) => {
  const read = readTyped(slash, typed, commands);
  return read.is === 'command'
    ? { [read.command.name]: read.raw }
    : read.is === 'mistake'
      ? read.error.message
      : read.is;
};

describe('what is typed on Slack', () => {
  it.each([
    ['/backup', '--source app', { backup: { source: 'app' } }],
    ['/holdfast', 'backup --source app', { backup: { source: 'app' } }],
    ['/holdfast', 'Backup', { backup: {} }],
    ['/status', '', { status: {} }],
    ['/holdfast', '', 'nothing'],
    ['/holdfast', '   ', 'nothing'],
    // As phones write quotes and dashes.
    ['/restore', 'latest —path “my file.txt”', { restore: { backup: 'latest', path: ['my file.txt'] } }],
    // As Slack escapes.
    ['/restore', 'latest --path a&amp;b', { restore: { backup: 'latest', path: ['a&b'] } }],
    ['/list', '--no-verified --page 2', { list: { verified: false, page: '2' } }],
    ['/schedule', 'list', { 'schedule list': {} }],
    [
      '/schedule',
      'add app daily 30 1 * * * jitter:5min',
      { 'schedule add': { source: 'app', class: 'daily', cron: ['30', '1', '*', '*', '*'], jitter: '5min' } },
    ],
    ['/holdfast', 'schedule pause app', { 'schedule pause': { source: 'app' } }],
    ['/schedule', '', 'It is not said what to do with schedule'],
    ['/schedule', 'ad app', 'There is no command schedule ad'],
    ['/holdfast', 'backup --source "app', 'A quote is opened and not closed'],
    ['/holdfast', 'nonsense', 'There is no command "nonsense"'],
    ['/list', 'too many words', expect.stringContaining('list: ')],
  ])('%s %s', (slash, typed, meaning) => {
    expect(raw(slash, typed)).toEqual(meaning);
  });
});
