import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRepository } from '../../src/backup/index.ts';
import { FakeDiscord, textOf } from '../helpers/discord/fake-discord.ts';
import { startHoldfast } from '../helpers/holdfast-process.ts';
import { PseudoTerminal } from '../helpers/pseudo-terminal.ts';
import { createQuickRepository } from '../helpers/quick-repository.ts';
import { APP_TOKEN, BOT_TOKEN, FakeSlack } from '../helpers/slack/fake-slack.ts';
import { SlackUser } from '../helpers/slack/slack-user.ts';

/** What docs/ARCHITECTURE.md asks for: one file ... */
const COMMAND = `import { bytes } from '../view/value.ts';
import { text } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { required } from './field.ts';
import { snapshotField } from './parts/snapshot-field.ts';

export const weigh = defineCommand({
  name: 'weigh',
  summary: 'Tell how much a backup weighs',
  examples: ['weigh latest'],
  chat: { examples: ['weigh latest'] },
  input: { backup: required(snapshotField) },
  access: 'owner',
  destructive: false,
  json: { bytes: 'bytes of its content' },
  run: async (context, { backup }) => ({ bytes: (await (await context.repository()).find(backup)).size }),
  present: (result) => text('It weighs ', bytes(result.bytes)),
});
`;
/** ... and one line in the registry. */
const LINE = "  weigh: { load: async () => (await import('./weigh.ts')).weigh },\n";

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const CHANNEL = '77';
const SLACK_CHANNEL = 'C0001';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-command-'));
const copy = join(folder, 'checkout');
const program = join(copy, 'bin/holdfast');
const at = (name: string): string => join(folder, name);
const environment = {
  HOLDFAST_STATE_DIR: at('memory'),
  HOLDFAST_REPO: at('data/repository'),
  HOLDFAST_PASSWORD_FILE: at('data/passphrase'),
};

const run = (...words: string[]): string =>
  execFileSync(program, words, { encoding: 'utf8', env: { ...process.env, ...environment, NO_COLOR: '1' } });

beforeAll(async () => {
  mkdirSync(copy);
  for (const name of ['bin', 'src', 'package.json'])
    cpSync(join(checkout, name), join(copy, name), { recursive: true });
  symlinkSync(join(checkout, 'node_modules'), join(copy, 'node_modules'));
  writeFileSync(join(copy, 'src/commands/weigh.ts'), COMMAND);
  const registry = join(copy, 'src/commands/registry.ts');
  writeFileSync(registry, readFileSync(registry, 'utf8').replace(/^ {2}whoami: /m, `${LINE}$&`));

  mkdirSync(at('data'));
  writeFileSync(at('data/note.txt'), '12345');
  writeFileSync(at('data/passphrase'), 'open sesame\n', { mode: 0o600 });
  await createQuickRepository(at('data/repository'), 'open sesame');
  const engine = await openRepository({ location: at('data/repository'), passphrase: () => 'open sesame' });
  await engine.backup({ paths: [at('data/note.txt')], source: 'app' });
  await engine.close();
});

let terminal: PseudoTerminal | undefined;

afterAll(() => {
  terminal?.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe('a new command in one file and one line', () => {
  it('is on the command line, with help and JSON', () => {
    expect(run('--help')).toMatch(/^ {2}weigh +Tell how much a backup weighs$/m);
    expect(run('help', 'weigh')).toContain('Usage: holdfast weigh ID');
    expect(run('weigh', 'latest')).toBe('It weighs 5 B\n');
    expect(JSON.parse(run('weigh', 'latest', '--json'))).toEqual({ bytes: 5 });
  });

  it('is in the console, with help and completion', async () => {
    terminal = new PseudoTerminal(`'${program}' console --data '${at('data')}'`, environment);
    await terminal.until('/quit leaves');
    terminal.type('/help\r');
    await terminal.until('Tell how much a backup weighs');
    terminal.type('/help weigh\r');
    await terminal.until('Usage: /weigh backup');
    terminal.type('/wei');
    await terminal.until('/wei');
    await terminal.tab('gh ');
    terminal.type('lat');
    await terminal.until('lat');
    await terminal.tab('est ');
    terminal.type('\r');
    await terminal.until('It weighs 5 B');
    terminal.type('/quit\r');
    expect(await terminal.status()).toBe(0);
  });

  it('is in the manifest for Slack', () => {
    expect(run('slack-manifest')).toMatch(
      /command: \/weigh\n +description: Tell how much a backup weighs\n +usage_hint: backup\n/,
    );
  });

  describe('in chats', () => {
    let discord: FakeDiscord;
    let slack: FakeSlack;
    let serving: ChildProcess;

    beforeAll(async () => {
      discord = await FakeDiscord.start();
      slack = await new FakeSlack().start();
      slack.workspace.add(SLACK_CHANNEL);
      writeFileSync(
        at('holdfast.yaml'),
        `version: 1
repository: { store: ./data/repository, passphrase: { file: ./data/passphrase } }
sources: { app: { files: { paths: [./data/note.txt] } } }
owners: { discord: ['1234567890'], slack: ['T0001/U0001'] }
platforms:
  discord: { token: { env: DISCORD_TOKEN }, guild: '${discord.state.guild}', apiUrl: ${discord.apiUrl} }
  slack: { botToken: { env: SLACK_BOT }, appToken: { env: SLACK_APP }, apiUrl: ${slack.apiUrl} }
`,
      );
      const tokens = { DISCORD_TOKEN: discord.token, SLACK_BOT: BOT_TOKEN, SLACK_APP: APP_TOKEN };
      serving = startHoldfast(['serve', '--config', at('holdfast.yaml')], {
        launcher: program,
        environment: { ...environment, ...tokens },
      });
      await discord.until('commands', () => discord.state.commands.get(discord.state.guild)?.length);
    });

    afterAll(async () => {
      const ended = once(serving, 'exit');
      serving.kill('SIGTERM');
      await ended;
      await discord.stop();
      await slack.goDown();
    });

    it('is registered with Discord, completes, and answers', async () => {
      const body = discord.state.commands.get(discord.state.guild)?.find(({ name }) => name === 'weigh');
      expect(body).toMatchObject({
        description: 'Tell how much a backup weighs',
        options: [{ name: 'backup', required: true, autocomplete: true }],
      });
      const typing = discord.complete('weigh', 'backup', { backup: 'la' }, { channel: CHANNEL });
      await discord.until('suggestions', () => typing.choices?.some(({ value }) => value === 'latest'));
      const answer = await discord.answer(discord.call('weigh', { backup: 'latest' }, { channel: CHANNEL }), /weighs/);
      expect(textOf(answer)).toContain('It weighs 5 B');
    });

    it('answers on Slack, by its own name and by the one for all', async () => {
      const owner = new SlackUser(slack, 'U0001');
      await slack.until(() => slack.connected, 'a connection');
      for (const typed of ['/weigh latest', '/holdfast weigh latest']) {
        const before = owner.sees(SLACK_CHANNEL).length;
        await owner.type(SLACK_CHANNEL, typed);
        await slack.until(
          () => owner.sees(SLACK_CHANNEL).slice(before).join('').includes('It weighs 5 B'),
          'an answer',
        );
      }
      expect(slack.complaints).toEqual([]);
    });
  });
});
