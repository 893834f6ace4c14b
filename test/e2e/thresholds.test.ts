import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeDiscord, textOf } from '../helpers/discord/fake-discord.ts';
import { holdfast, startHoldfast } from '../helpers/holdfast-process.ts';
import { NOTHING_BY_ITSELF } from '../helpers/nothing-by-itself.ts';
import { createQuickRepository } from '../helpers/quick-repository.ts';
import { isRoot } from '../helpers/tree/sample-tree.ts';

// Processes take their time on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

const CHANNEL = '77';
const MIB = 2 ** 20;

let folder: string;
let discord: FakeDiscord;
let running: ChildProcess | undefined;

const at = (name: string): string => join(folder, name);

function writeConfig(storage: string, store = './repository'): void {
  writeFileSync(
    at('holdfast.yaml'),
    `version: 1
repository: { store: ${store}, passphrase: { file: ./passphrase } }
sources:
  app: { files: { paths: [./data] }, schedules: { hourly: false, daily: false, weekly: false, monthly: false } }
owners: { discord: ['1234567890'] }
platforms:
  discord: { token: { env: DISCORD_TOKEN }, guild: '${discord.state.guild}', apiUrl: ${discord.apiUrl} }
notify: { discord: '${CHANNEL}' }
storage: ${storage}
state: ./state
${NOTHING_BY_ITSELF}`,
  );
}

async function start(): Promise<void> {
  let said = '';
  const environment = { DISCORD_TOKEN: discord.token, HOLDFAST_STATE_DIR: at('memory') };
  running = startHoldfast(['serve', '--config', at('holdfast.yaml')], { environment });
  running.stderr?.on('data', (piece) => {
    said += piece;
  });
  await expect.poll(() => said, { timeout: 60_000 }).toContain('discord is connected');
  await discord.until('commands', () => discord.state.commands.get(discord.state.guild)?.length);
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  const child = running;
  running = undefined;
  if (child === undefined || child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

async function restart(): Promise<void> {
  await stop('SIGKILL');
  await start();
}

const backup = (expected = /Backed up/) => discord.answer(discord.call('backup', { source: 'app' }), expected);

const told = (matching: RegExp) => discord.messages(CHANNEL).filter((message) => matching.test(textOf(message)));

/** Waits until exactly so many messages say it. */
async function until(matching: RegExp, count: number): Promise<void> {
  await discord.until(`${count} times ${matching}`, () => told(matching).length >= count);
  expect(told(matching)).toHaveLength(count);
}

/** Deletes every backup and frees their space. */
async function empty(store: string): Promise<void> {
  const where = ['--repo', store, '--password-file', at('passphrase')];
  const options = { environment: { HOLDFAST_STATE_DIR: at('memory') } };
  writeFileSync(at('data/small'), randomBytes(1000));
  for (const name of readdirSync(at('data'))) if (name.startsWith('large')) rmSync(at(`data/${name}`));
  await backup();
  const { output } = await holdfast(['list', '--json', ...where], options);
  const { snapshots } = JSON.parse(output) as { snapshots: { id: string }[] };
  const forgotten = await holdfast(['forget', ...snapshots.slice(1).map(({ id }) => id), '--yes', ...where], options);
  expect(forgotten.status).toBe(0);
  const { status } = await holdfast(['prune', '--grace', '0s', '--yes', ...where], options);
  expect(status).toBe(0);
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-thresholds-'));
  discord = await FakeDiscord.start();
  mkdirSync(at('data'));
  writeFileSync(at('data/small'), 'small\n');
  writeFileSync(at('passphrase'), 'open sesame\n');
});

afterEach(async () => {
  await stop('SIGKILL');
  await discord.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the real process', () => {
  it('tells once that the cap is near, refuses a backup beyond it, and tells again after it was left and reached anew', async () => {
    await createQuickRepository(at('repository'), 'open sesame');
    writeConfig(`{ cap: ${4 * MIB}, warnAt: [50, 80] }`);
    await start();
    await backup();
    writeFileSync(at('data/large-1'), randomBytes(2.5 * MIB));
    await backup();
    await until(/The repository is 6\d\.?\d* % full/, 1);
    await restart();
    await backup();
    writeFileSync(at('data/large-2'), randomBytes(4 * MIB));
    const refused = await backup(/left below the cap|its cap is/);
    expect(textOf(refused)).toMatch(/Raise storage.cap.*keep less.*move the repository/s);
    await until(/The repository is .* full/, 1);
    await empty(at('repository'));
    await backup();
    await until(/The repository has room again/, 1);
    writeFileSync(at('data/large-3'), randomBytes(2.5 * MIB));
    await backup();
    await until(/The repository is .* full/, 2);
  });

  it.skipIf(!isRoot)('tells once that the disk fills up, and again after there was room', async () => {
    const disk = mkdtempSync(join(tmpdir(), 'holdfast-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200m', 'none', disk]);
    onTestFinished(async () => {
      await stop('SIGKILL');
      execFileSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    });
    const store = join(disk, 'repository');
    await createQuickRepository(store, 'open sesame');
    writeConfig('{ cap: false, warnAt: [50] }', store);
    await start();
    await backup();
    writeFileSync(join(disk, 'other'), Buffer.alloc(120 * MIB));
    await backup();
    const full = new RegExp(`The disk of ${store} is .* full`);
    await until(full, 1);
    await restart();
    await backup();
    writeFileSync(join(disk, 'other'), Buffer.alloc(50 * MIB));
    await backup();
    await until(new RegExp(`The disk of ${store} has room again`), 1);
    await until(full, 1);
    writeFileSync(join(disk, 'other'), Buffer.alloc(120 * MIB));
    await backup();
    await until(full, 2);
    writeFileSync(join(disk, 'other'), Buffer.alloc(180 * MIB));
    await backup(/The disk of .* is full/);
  });

  it('holds the last good backup once files were encrypted, and again when most were deleted', async () => {
    const name = (i: number): string => at(`data/letter-${String(i).padStart(2, '0')}`);
    const letter = (i: number): string =>
      Array.from({ length: 400 }, (_, line) => `${i}: line ${line} of a letter\n`).join('');
    for (let i = 0; i < 50; i++) writeFileSync(name(i), letter(i));
    await createQuickRepository(at('repository'), 'open sesame');
    writeConfig('{ warnAt: [] }');
    await start();
    for (let i = 0; i < 9; i++) {
      writeFileSync(name(i), `${letter(i)}and one more\n`);
      await backup();
    }
    const held = /The last backup of app is far from the usual/;
    expect(told(held)).toEqual([]);
    for (let i = 20; i < 50; i++) writeFileSync(name(i), randomBytes(readFileSync(name(i)).length));
    await backup();
    await until(held, 1);
    expect(textOf(told(held)[0] ?? expect.fail())).toMatch(/60 % of the content is new and takes 10\d % of its size/);
    await restart();
    await backup();
    await until(held, 1);
    const [message] = told(held);
    if (message === undefined) throw new Error('there is no message');
    discord.press(message, 'Looks right');
    await until(/says that the last backup of app looks right/, 1);
    for (let i = 5; i < 50; i++) rmSync(name(i));
    await backup();
    await until(held, 1);
    expect(textOf(await discord.answer(discord.call('status'), /app/))).toContain('held');
  });
});
