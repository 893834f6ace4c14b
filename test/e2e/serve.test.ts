import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeDiscord, STRANGER, textOf } from '../helpers/discord/fake-discord.ts';
import { endProcess, startHoldfast } from '../helpers/holdfast-process.ts';
import { NOTHING_BY_ITSELF } from '../helpers/nothing-by-itself.ts';
import { createQuickRepository } from '../helpers/quick-repository.ts';

const CHANNEL = '77';

let folder: string;
let discord: FakeDiscord;
let running: ChildProcess | undefined;
let said: string;

const at = (name: string): string => join(folder, name);

function writeConfig({ owners = "owners: { discord: ['1234567890'] }", more = '', hourly = 'false' } = {}): void {
  writeFileSync(
    at('holdfast.yaml'),
    `version: 1
repository: { store: ./repository, passphrase: { file: ./passphrase } }
sources:
  app: { files: { paths: [./data] } }
${owners}
platforms:
  discord: { token: { env: DISCORD_TOKEN }, guild: '${discord.state.guild}', apiUrl: ${discord.apiUrl} }
${more}notify: { discord: '${CHANNEL}' }
${NOTHING_BY_ITSELF.replace('hourly: false', `hourly: ${hourly}`)}state: ./state
`,
  );
}

function start(token = discord.token): ChildProcess {
  said = '';
  const environment = { DISCORD_TOKEN: token, HOLDFAST_STATE_DIR: at('memory') };
  const child = startHoldfast(['serve', '--config', at('holdfast.yaml')], { environment });
  child.stderr?.on('data', (piece) => {
    said += piece;
  });
  running = child;
  return child;
}

async function connected(child = start()): Promise<ChildProcess> {
  await expect.poll(() => said, { timeout: 60_000 }).toContain('discord is connected');
  await discord.until('commands', () => discord.state.commands.get(discord.state.guild)?.length);
  return child;
}

function end(signal: NodeJS.Signals): Promise<number | null> {
  const child = running;
  running = undefined;
  return endProcess(child, signal);
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-serve-'));
  discord = await FakeDiscord.start();
  mkdirSync(at('data'));
  writeFileSync(at('data/note.txt'), 'first\n');
  writeFileSync(at('passphrase'), 'open sesame\n');
  await createQuickRepository(at('repository'), 'open sesame');
  writeConfig();
});

afterEach(async () => {
  await end('SIGKILL');
  await discord.stop();
  rmSync(folder, { recursive: true, force: true });
});

const inChannel = (matching: RegExp) =>
  discord.until(`${matching} in the channel`, () =>
    discord.messages(CHANNEL).find((message) => matching.test(textOf(message))),
  );

describe('holdfast serve', () => {
  it('backs up for an owner, refuses others, and ends when it is told to', async () => {
    await connected();
    const refused = await discord.answer(discord.call('backup', { source: 'app' }, { user: STRANGER }));
    expect(textOf(refused)).toContain('You may not use this bot');
    await discord.answer(discord.call('backup', { source: 'app' }), /Backed up/);
    expect(await end('SIGTERM')).toBe(0);
    expect(said).not.toContain(discord.token);
  });

  it('prints a code that makes the first owner', async () => {
    writeConfig({ owners: '' });
    await connected();
    const code = /\/claim ([\w-]+)/.exec(said)?.[1] ?? '';
    expect(textOf(await discord.answer(discord.call('list')))).toContain('You may not use this bot');
    await discord.answer(discord.call('claim', { code }), /You own this bot now/);
    await discord.answer(discord.call('list'), /no such snapshots/);
  });

  it('keeps a question over a kill: the click that comes afterwards restores', async () => {
    await connected();
    await discord.answer(discord.call('backup'), /Backed up/);
    writeFileSync(at('data/note.txt'), 'second\n');
    const preview = await discord.answer(discord.call('restore'), /Nothing was written/);
    await end('SIGKILL');
    await connected();
    discord.press(preview, 'Restore');
    await inChannel(/Done in/);
    expect(readFileSync(at('data/note.txt'), 'utf8')).toBe('first\n');
  });

  it('tells in its channel that a backup was interrupted by a kill, and backs up again', async () => {
    for (let i = 0; i < 60; i++) writeFileSync(at(`data/large-${i}`), Buffer.alloc(4 * 1024 * 1024, `${i} large `));
    await connected();
    const asked = discord.call('backup');
    await discord.answer(asked, /Job \w+ for/);
    await end('SIGKILL');
    await connected();
    await inChannel(/The backup of app .* was interrupted/);
    for (let i = 0; i < 60; i++) rmSync(at(`data/large-${i}`));
    await discord.answer(discord.call('backup'), /Backed up/);
    expect(textOf(await discord.answer(discord.call('jobs'), /interrupted/))).not.toContain('running');
  });

  it('leaves a target whole when it is killed during a restore, and tells that it was interrupted', async () => {
    const large = (i: number, word: string): void =>
      writeFileSync(at(`data/large-${i}`), Buffer.alloc(4 * 1024 * 1024, `${i} ${word} `));
    const wordsNow = (): Set<string> =>
      new Set(
        Array.from(
          { length: 40 },
          (_, i) =>
            readFileSync(at(`data/large-${i}`), 'latin1')
              .slice(0, 12)
              .split(' ')[1] ?? '',
        ),
      );
    for (let i = 0; i < 40; i++) large(i, 'first');
    await connected();
    await discord.answer(discord.call('backup'), /Backed up/);
    for (let i = 0; i < 40; i++) large(i, 'second');
    const preview = await discord.answer(discord.call('restore'), /Nothing was written/);
    discord.press(preview, 'Restore');
    // New content is staged beside the target, under a name that is not there otherwise.
    const names = (): string[] => [...readdirSync(folder), ...readdirSync(at('data'))];
    const before = new Set(names());
    await discord.until('staging', () => names().some((name) => !before.has(name)));
    await end('SIGKILL');
    await connected();
    await inChannel(/The restore of app .* was interrupted/);
    await discord.answer(discord.call('list'), /app/);
    expect(wordsNow().size).toBe(1);
    await discord.answer(discord.call('verify', { depth: 'quick' }), /No damage found/);
  });

  /** Kills the bot once it keeps a book of its runs, and puts that two hours back, as if nothing had run since. */
  const missTwoHours = async (): Promise<void> => {
    const book = (): { upTo: string } =>
      JSON.parse(readFileSync(at('state/state.json'), 'utf8')).unattended.scheduleBooks['app/hourly'];
    const hasBook = (): boolean => existsSync(at('state/state.json')) && book()?.upTo !== undefined;
    await expect.poll(hasBook, { timeout: 60_000 }).toBe(true);
    await end('SIGKILL');
    const state = readFileSync(at('state/state.json'), 'utf8');
    const earlier = new Date(Date.parse(book().upTo) - 2 * 3_600_000).toISOString();
    writeFileSync(at('state/state.json'), state.replaceAll(book().upTo, earlier));
  };

  it('makes up for a backup that was due while it was down', async () => {
    writeConfig({ hourly: "'0 * * * *'" });
    await connected();
    await missTwoHours();
    await connected();
    const jobs = async (): Promise<string> => textOf(await discord.answer(discord.call('jobs')));
    await expect.poll(jobs, { timeout: 60_000 }).toMatch(/backup.*app.*completed/s);
  });

  it('says that a token is refused, with status 2', async () => {
    const child = start('wrong-token');
    const [status] = await once(child, 'exit');
    expect(status).toBe(2);
    expect(said).toMatch(/discord/i);
    expect(said).not.toContain('wrong-token');
  });

  it('goes on with the others when one platform is refused', async () => {
    writeConfig({
      more: '  slack: { botToken: { env: DISCORD_TOKEN }, appToken: { env: DISCORD_TOKEN }, apiUrl: http://127.0.0.1:9/api/ }\n',
    });
    await connected();
    await discord.answer(discord.call('status'), /app/);
  });

  it('runs what is scheduled without a chat and without a terminal, and ends when it is told to', async () => {
    writeConfig({ hourly: "'0 * * * *'" });
    const config = readFileSync(at('holdfast.yaml'), 'utf8');
    writeFileSync(
      at('holdfast.yaml'),
      config.replace(/ {2}discord: .*\n/, '  console: true\n').replace(/notify: .*\n/, ''),
    );
    start();
    await missTwoHours();
    start();
    await expect.poll(() => said, { timeout: 60_000 }).toContain('what is scheduled runs');
    await expect.poll(() => said, { timeout: 60_000 }).toContain('Backed up app');
    expect(await end('SIGTERM')).toBe(0);
  });

  it('says with status 2 where the configuration is wrong', async () => {
    writeFileSync(at('holdfast.yaml'), 'version: 1\nrepositry: {}\n');
    const child = start();
    const [status] = await once(child, 'exit');
    expect(status).toBe(2);
    expect(said).toContain('holdfast.yaml:2:1: repositry: is not known');
    expect(said).toContain('Did you mean repository?');
  });
});
