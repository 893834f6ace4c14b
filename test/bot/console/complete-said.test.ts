import { beforeAll, describe, expect, it } from 'vitest';
import { type ChatCommands, loadChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import { completeSaid } from '../../../src/bot/console/complete-said.ts';

let commands: ChatCommands;

beforeAll(async () => {
  commands = await loadChatCommands();
});

const offeredFor = async (line: string): Promise<string[]> =>
  (
    await completeSaid(commands, line, async ({ field, command }) => command.input[field]?.choices ?? [`${field}-1`])
  )[0];

describe('completion in the console', () => {
  it.each([
    ['/resto', ['/restore ']],
    ['resto', ['restore ']],
    ['/wh', ['/whoami ']],
    ['/restore ba', ['backup-1 ']],
    ['/restore latest pa', ['path:']],
    ['/restore path:', ['path:path-1 ']],
    ['/restore path:x check:', ['check:yes ', 'check:no ']],
    ['/verify latest depth:', ['depth:quick ', 'depth:checksums ', 'depth:deep ']],
    ['/diff a1 ', ['b-1 ']],
    ['/pin latest reason:x ', []],
    ['/nonsense x', []],
  ])('offers for "%s" %j', async (line, offered) => {
    expect(await offeredFor(line)).toEqual(offered);
  });

  it('offers options that were not given yet beside values', async () => {
    expect(await offeredFor('/restore ')).toEqual(expect.arrayContaining(['backup-1 ', 'to:', 'path:']));
    const later = await offeredFor('/restore latest to:x path:y ');
    expect(later).not.toContain('to:');
    expect(later).toContain('path:');
  });

  it('gives the word that is being completed, as it was typed', async () => {
    expect((await completeSaid(commands, '/restore la', async () => ['latest']))[1]).toBe('la');
    expect((await completeSaid(commands, '/resto', async () => []))[1]).toBe('/resto');
  });
});
