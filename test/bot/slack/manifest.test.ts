import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type ChatCommands, loadChatCommands } from '../../../src/bot/chat/chat-commands.ts';
import { shortName } from '../../../src/bot/slack/command-names.ts';
import { SCOPES, slackManifest } from '../../../src/bot/slack/manifest.ts';
import { createManifestCommand } from '../../../src/bot/slack/manifest-command.ts';
import { SLACK_LIMITS } from '../../helpers/slack/slack-limits.ts';
import { WEB_METHODS } from '../../helpers/slack/web-methods.ts';

const URL_OF_BOT = 'https://bot.example/slack/events';

let commands: ChatCommands;
let printed: string;

beforeAll(async () => {
  commands = await loadChatCommands();
});

async function print(input: Record<string, unknown>): Promise<string> {
  printed = '';
  const write = (text: string): void => {
    printed += text;
  };
  await createManifestCommand({ loadCommands: async () => commands, write }).run(input);
  return printed;
}

interface SlashCommand {
  command: string;
  description: string;
  usage_hint?: string;
  url?: string;
}

describe('the Slack manifest', () => {
  it('is what config/slack-manifest.yaml holds: holdfast slack-manifest > config/slack-manifest.yaml', async () => {
    const kept = readFileSync(new URL('../../../config/slack-manifest.yaml', import.meta.url), 'utf8');
    expect(kept).toBe(await print({}));
  });

  it('offers every command that Slack has a name for, and all of them after /holdfast', () => {
    const { slash_commands } = slackManifest(commands.all, { mode: 'socket' }).features as {
      slash_commands: SlashCommand[];
    };
    const names = slash_commands.map(({ command }) => command);
    expect(names.slice(0, 2)).toEqual(['/holdfast', '/backup']);
    expect(names).toEqual(expect.arrayContaining(['/list', '/restore', '/verify', '/jobs', '/cancel', '/pin']));
    expect(names).not.toContain('/status');
    expect(names).not.toContain('/help');
    expect(new Set(names).size).toBe(names.length);
    for (const { command, description, usage_hint = '', url } of slash_commands) {
      expect(command).toMatch(/^\/[a-z0-9_-]+$/);
      expect(command.length).toBeLessThanOrEqual(SLACK_LIMITS.slashCommand);
      expect(description.length).toBeLessThanOrEqual(SLACK_LIMITS.slashDescription);
      expect(usage_hint.length).toBeLessThanOrEqual(SLACK_LIMITS.slashHint);
      expect(url).toBeUndefined();
    }
  });

  it('asks for the permissions that the calls need, and for no others', () => {
    const needed = Object.values(WEB_METHODS).flatMap(({ scope }) => scope ?? []);
    const asked = Object.keys(SCOPES).filter((scope) => !scope.endsWith(':history'));
    const used = new Set(needed.filter((scope) => !scope.endsWith(':history') && scope !== 'connections:write'));
    expect(asked.toSorted()).toEqual(['commands', ...used].toSorted());
  });

  it('names the address for everything over HTTP', async () => {
    const manifest = parse(await print({ mode: 'http', url: URL_OF_BOT })) as {
      features: { slash_commands: SlashCommand[] };
      settings: Record<string, unknown>;
    };
    expect(manifest.features.slash_commands.every(({ url }) => url === URL_OF_BOT)).toBe(true);
    expect(manifest.settings).toMatchObject({
      socket_mode_enabled: false,
      interactivity: { is_enabled: true, request_url: URL_OF_BOT, message_menu_options_url: URL_OF_BOT },
    });
  });

  it('is the same as JSON', async () => {
    expect(JSON.parse(await print({ format: 'json' }))).toEqual(parse(await print({})));
  });

  it.each([{ mode: 'http' }, { mode: 'http', url: 'http://x/slack/events' }, { url: URL_OF_BOT }])(
    'is refused for %j',
    async (input) => {
      await expect(print(input)).rejects.toMatchObject({ code: 'usage' });
    },
  );

  it('has one name for commands that share their first word', () => {
    const { slash_commands } = slackManifest(commands.all, { mode: 'socket' }).features as {
      slash_commands: SlashCommand[];
    };
    const schedule = slash_commands.filter(({ command }) => command.startsWith('/schedule'));
    expect(schedule).toMatchObject([
      { command: '/schedule', usage_hint: 'list|edit|pause|resume|delete|add [options]' },
    ]);
    expect(shortName('schedule add')).toBe('schedule');
  });
});
