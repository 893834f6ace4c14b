import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeDiscord } from '../helpers/discord/fake-discord.ts';
import { type Finished, holdfast, startHoldfast } from '../helpers/holdfast-process.ts';
import { NOTHING_BY_ITSELF } from '../helpers/nothing-by-itself.ts';
import { createQuickRepository } from '../helpers/quick-repository.ts';

let folder: string;
let discord: FakeDiscord;
let bot: ChildProcess | undefined;

const at = (name: string): string => join(folder, name);
const environment = (): Record<string, string> => ({
  DISCORD_TOKEN: discord.token,
  HOLDFAST_STATE_DIR: at('memory'),
  HOLDFAST_CONFIG: at('holdfast.yaml'),
});

const run = (...words: string[]): Promise<Finished> => holdfast(words, { environment: environment(), folder });

async function startBot(): Promise<void> {
  let said = '';
  bot = startHoldfast(['serve'], { environment: environment() });
  bot.stderr?.on('data', (piece) => {
    said += piece;
  });
  await expect.poll(() => said, { timeout: 60_000 }).toContain('discord is connected');
}

async function endBot(signal: NodeJS.Signals): Promise<void> {
  const child = bot;
  bot = undefined;
  if (child === undefined || child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-beside-'));
  discord = await FakeDiscord.start();
  mkdirSync(at('data'));
  writeFileSync(at('data/note.txt'), 'first\n');
  writeFileSync(at('passphrase'), 'open sesame\n');
  await createQuickRepository(at('repository'), 'open sesame');
  writeFileSync(
    at('holdfast.yaml'),
    `version: 1
repository: { store: ./repository, passphrase: { file: ./passphrase } }
sources: { app: { files: { paths: [./data] } } }
owners: { discord: ['1234567890'] }
platforms:
  discord: { token: { env: DISCORD_TOKEN }, guild: '${discord.state.guild}', apiUrl: ${discord.apiUrl} }
state: ./state
${NOTHING_BY_ITSELF}`,
  );
});

afterEach(async () => {
  await endBot('SIGKILL');
  await discord.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the command line on a configuration', () => {
  it('does the same with a bot, without one, and after one was killed; the log proves it', async () => {
    const alone = await run('backup', '--source', 'app');
    expect(alone, alone.messages).toMatchObject({ status: 0, output: expect.stringContaining('Backed up app') });
    expect(readFileSync(at('state/audit.jsonl'), 'utf8')).toContain('for one command line');
    await startBot();
    const [beside, list] = await Promise.all([run('backup', '--source', 'app'), run('list', '--json')]);
    expect(beside, beside.messages).toMatchObject({ status: 0, output: expect.stringContaining('Backed up app') });
    expect(JSON.parse(list.output).total).toBeGreaterThan(0);
    expect((await run('jobs', '--json')).output).toMatch(/"kind":"backup","source":"app"/);
    await endBot('SIGKILL');
    const restored = await run('restore', 'latest', '--to', 'back', '--apply');
    expect(restored.status, restored.messages).toBe(0);
    expect(readFileSync(at('back/note.txt'), 'utf8')).toBe('first\n');
    const proof = await run('audit', 'verify', '--json');
    expect(JSON.parse(proof.output)).toMatchObject({ breaks: [], anchors: 2 });
    expect(readFileSync(at('state/audit.jsonl'), 'utf8')).toMatch(/"platform":"cli".*"input":"source: app"/);
    const lines = readFileSync(at('state/audit.jsonl'), 'utf8').split('\n');
    writeFileSync(at('state/audit.jsonl'), `${lines[0]}\n`);
    expect(await run('audit', 'verify')).toMatchObject({ status: 13, output: expect.stringContaining('was cut off') });
  });

  it('judges by what is configured also where no bot runs', async () => {
    const rules = 'retention: { last: 3 }\nfreshness: { fresh: 1ms, stale: 2ms }\nstorage: { cap: 1 TB }\n';
    appendFileSync(at('holdfast.yaml'), rules);
    expect((await run('backup', '--source', 'app')).status).toBe(0);
    const [list, status, usage] = await Promise.all(
      ['list', 'status', 'usage'].map(async (word) => JSON.parse((await run(word, '--json')).output)),
    );
    expect(list.snapshots).toMatchObject([{ kept: ['last 3', 'newest'] }]);
    expect(status.sources).toMatchObject([{ age: 'stale', state: 'stale' }]);
    expect(usage).toMatchObject({ capBytes: 1024 ** 4 });
  });

  it('changes schedules with a bot and without one', async () => {
    const added = await run('schedule', 'add', 'app', 'daily', '30 1 * * *', '--time-zone', 'Europe/Zurich');
    expect(added, added.messages).toMatchObject({ status: 0, output: expect.stringContaining('At 01:30') });
    await startBot();
    const paused = await run('schedule', 'pause', 'app', 'daily');
    expect(paused, paused.messages).toMatchObject({ status: 0, output: expect.stringContaining('paused') });
    await endBot('SIGTERM');
    const { schedules } = JSON.parse((await run('schedule', 'list', '--json')).output);
    expect(schedules).toMatchObject([{ cron: '30 1 * * *', enabled: false, origin: { from: 'chat' }, next: [] }]);
  });
});
