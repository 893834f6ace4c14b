import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { countCommitted, startWriter, writeDatabase } from '../backup/sources/sqlite/database-folder.ts';
import { compareTrees } from '../helpers/compare-trees.ts';
import { type OptionValue, STRANGER, textOf } from '../helpers/discord/fake-discord.ts';
import type { FakeInteraction } from '../helpers/discord/fake-state.ts';
import type { Json } from '../helpers/discord/judge-body.ts';
import { endProcess } from '../helpers/holdfast-process.ts';
import { type BotConfig, ServedBot } from '../helpers/served-bot.ts';

// Processes take their time on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

const CHANNEL = '77';
const REFUSAL = '❌ **You may not use this bot.**\nYour ID here is 666.';
const MIB = 2 ** 20;
const MINUTE_MS = 60_000;
/** A hook that tells that the backup of its source has begun, and waits for a word. */
const waiting = ({ folder }: ServedBot): string =>
  `hooks: { before: { command: ['touch ${folder}/begun-$HOLDFAST_SOURCE; until [ -e ${folder}/go-$HOLDFAST_SOURCE ]; do sleep 0.05; done'], shell: true } }`;

let bot: ServedBot;

async function served(config: BotConfig = {}): Promise<ServedBot> {
  bot = await ServedBot.make(config);
  return bot;
}

afterEach(() => bot?.close());

/** Flips a byte in the middle of the largest pack. */
function damageRepository(folder: string): void {
  const packs = readdirSync(join(folder, 'packs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const largest = packs.toSorted((a, b) => statSync(b).size - statSync(a).size)[0] ?? expect.fail('no packs');
  const content = readFileSync(largest);
  const middle = content.length >> 1;
  content[middle] = (content[middle] ?? 0) ^ 1;
  writeFileSync(largest, content);
}

describe('through the real process', () => {
  it('a scheduled backup runs at its minute, not before, and is told', async () => {
    await served({
      byItself: `schedules: { hourly: '* * * * *', daily: false, weekly: false, monthly: false }
maintenance: { forget: false, prune: false, verify: false }
digest: false
`,
    });
    writeFileSync(bot.at('app/note.txt'), 'first\n');
    const before = Date.now();
    await bot.start();
    await bot.told(/app: backed up once/);
    const { runs } = JSON.parse(readFileSync(bot.at('state/state.json'), 'utf8')).unattended;
    expect(runs).toMatchObject([{ source: 'app', status: 'completed', classes: ['hourly'] }]);
    const minute = Math.floor(Date.parse(runs[0].started) / MINUTE_MS) * MINUTE_MS;
    expect(minute).toBeGreaterThan(before);
    const { snapshots } = JSON.parse((await bot.alone('list', '--json')).output);
    expect(snapshots).toMatchObject([{ id: runs[0].snapshot, source: 'app', trigger: 'schedule' }]);
  });

  it('a restore of the database alone brings it back, and leaves the configuration beside it', async () => {
    await served();
    const database = bot.at('app/app.db');
    await writeDatabase(database, 'WAL');
    writeFileSync(bot.at('app/settings.json'), 'first\n');
    await bot.start();
    // It is backed up while somebody has it open.
    const open = await startWriter(database, 'WAL', 'idle');
    await bot.ask('backup', {}, /Backed up/);
    open.kill('SIGKILL');
    await once(open, 'exit');
    await writeDatabase(database, 'WAL', 'crash');
    writeFileSync(bot.at('app/settings.json'), 'second\n');
    expect(existsSync(`${database}-wal`)).toBe(true);
    await bot.restore({ backup: 'latest', path: 'app.db' });
    expect(countCommitted(database)).toBe(100);
    expect(readFileSync(bot.at('app/settings.json'), 'utf8')).toBe('second\n');
  });

  it('a corrupt backup is found by verify and named in the chat, and a restore of it changes nothing', async () => {
    await served();
    writeFileSync(bot.at('app/large.bin'), randomBytes(MIB));
    writeFileSync(bot.at('app/note.txt'), 'first\n');
    await bot.start();
    await bot.ask('backup', {}, /Backed up/);
    damageRepository(bot.at('repository'));
    writeFileSync(bot.at('app/large.bin'), 'changed');
    writeFileSync(bot.at('app/note.txt'), 'second\n');
    const found = textOf(await bot.ask('verify', {}, /1 damaged object/));
    expect(found).toMatch(/packs\/.*large\.bin/s);
    await bot.restore({ backup: 'latest' }, /large\.bin cannot be restored.*The target was left as it was/s);
    expect(readFileSync(bot.at('app/note.txt'), 'utf8')).toBe('second\n');
    expect(readFileSync(bot.at('app/large.bin'), 'utf8')).toBe('changed');
    // What is there now can be backed up, and is whole.
    await bot.ask('backup', {}, /Backed up/);
    await bot.ask('verify', { backup: 'latest', depth: 'deep' }, /No damage found/);
  });

  it('a backup and a restore asked for at the same time: the later is told which job runs, and works once that has ended', async () => {
    await served();
    bot.configure({ sources: { app: waiting(bot), other: waiting(bot) }, more: 'jobs: { atOnce: 1 }\n' });
    const note = (): string => readFileSync(bot.at('app/note.txt'), 'utf8');
    const go = (source: string): void => writeFileSync(bot.at(`go-${source}`), '');
    const begins = async (source: string) => {
      const backup = bot.discord.call('backup', { source });
      await bot.discord.until(`${source} begins`, () => existsSync(bot.at(`begun-${source}`)));
      return backup;
    };
    writeFileSync(bot.at('app/note.txt'), 'first\n');
    go('app');
    await bot.start();
    await bot.ask('backup', { source: 'app' }, /Backed up/);
    for (const name of ['go-app', 'begun-app']) rmSync(bot.at(name));
    writeFileSync(bot.at('app/note.txt'), 'second\n');
    const options = { backup: 'latest', source: 'app' };

    const backup = await begins('app');
    await bot.restore(options, /Job \w+ \(backup\) is working on app/);
    expect(note()).toBe('second\n');

    // The other way round: the restore has its turn when the backup of another source has ended.
    go('app');
    await bot.discord.answer(backup, /Backed up/);
    const oldest = (await bot.askForText('list')).match(/\b[0-9a-f]{8}\b/g)?.at(-1) ?? expect.fail('no backups');
    const other = await begins('other');
    const preview = await bot.ask('restore', { backup: oldest }, /Nothing was written/);
    const restore = bot.discord.press(preview, 'Restore');
    await bot.discord.answer(restore, /Waiting: restore of app/);
    await bot.ask('backup', { source: 'app' }, /Job \w+ \(restore\) waits to work on app/);
    expect(note()).toBe('second\n');
    go('other');
    await bot.discord.answer(other, /Backed up/);
    await bot.discord.answer(restore, /Done in/);
    expect(note()).toBe('first\n');
    await bot.ask('backup', { source: 'app' }, /Backed up/);
  });

  it('a second copy that cannot be reached fails clearly, and is whole again with the next mirror', async () => {
    await served();
    writeFileSync(bot.at('app/note.txt'), 'first\n');
    const backup = () => bot.alone('backup', bot.at('app'), '--source', 'app');
    const mirror = () => bot.alone('mirror', '--to', bot.at('second'), '--yes');
    expect(await backup()).toMatchObject({ status: 0 });
    expect(await mirror()).toMatchObject({ status: 0 });
    // The drive is away.
    renameSync(bot.at('second'), bot.at('away'));
    writeFileSync(bot.at('second'), '');
    writeFileSync(bot.at('app/note.txt'), 'second\n');
    expect(await backup()).toMatchObject({ status: 0 });
    const failed = await mirror();
    expect(failed.status).not.toBe(0);
    expect(failed.messages).toContain(bot.at('second'));
    expect(await bot.alone('verify')).toMatchObject({ status: 0 });
    rmSync(bot.at('second'));
    renameSync(bot.at('away'), bot.at('second'));
    // It is back, and cut off in the middle.
    for (let i = 0; i < 20; i++) writeFileSync(bot.at(`app/large-${i}`), randomBytes(4 * MIB));
    expect(await backup()).toMatchObject({ status: 0 });
    // Files under way included.
    const files = (): number => readdirSync(bot.at('second'), { recursive: true }).length;
    const had = files();
    const cut = bot.startAlone('mirror', '--to', bot.at('second'), '--yes');
    await bot.discord.until('something arrives', () => files() > had);
    await endProcess(cut, 'SIGKILL');
    expect(await mirror()).toMatchObject({ status: 0 });
    const second = ['--repo', bot.at('second')];
    expect(await bot.alone('verify', '--deep', ...second)).toMatchObject({ status: 0 });
    expect(await bot.alone('restore', 'latest', '--to', bot.at('back'), '--apply', ...second)).toMatchObject({
      status: 0,
    });
    expect(compareTrees(bot.at('app'), bot.at('back'))).toEqual([]);
  });

  it('a stranger who tries every command and button is refused in private, learns nothing and changes nothing', async () => {
    await served();
    const { discord } = bot;
    writeFileSync(bot.at('app/note.txt'), 'first\n');
    await bot.start();
    await bot.ask('backup', {}, /Backed up/);
    writeFileSync(bot.at('app/note.txt'), 'second\n');
    const preview = await bot.ask('restore', { backup: 'latest' }, /Nothing was written/);
    const before = discord.messages(CHANNEL, STRANGER).length;
    const refused = async (tried: FakeInteraction): Promise<void> => {
      const answer = await discord.answer(tried);
      expect({ text: textOf(answer), to: answer.onlyFor }).toEqual({ text: REFUSAL, to: STRANGER.id });
    };
    const commands = discord.state.commands.get(discord.state.guild) ?? [];
    const all = commands.flatMap(callsOf);
    expect(all.length).toBeGreaterThan(30);
    for (const { name, options } of all) await refused(discord.call(name, options, { user: STRANGER }));
    for (const label of ['Restore', 'Cancel']) {
      const tried = discord.press(preview, label, { user: STRANGER });
      const answer = await discord.until('a refusal', () => tried.followups[0]);
      expect({ text: textOf(answer), to: answer.onlyFor }).toEqual({ text: REFUSAL, to: STRANGER.id });
    }
    expect(readFileSync(bot.at('app/note.txt'), 'utf8')).toBe('second\n');
    expect(discord.messages(CHANNEL, STRANGER).filter(({ onlyFor }) => onlyFor === undefined)).toHaveLength(before);
    expect(await bot.end('SIGTERM')).toBe(0);
    const audit = readFileSync(bot.at('state/audit.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const noted = audit.filter(({ who, outcome }) => who.id === STRANGER.id && outcome === 'refused');
    expect(noted.reduce((sum, { times = 1 }) => sum + times, 0)).toBe(all.length + 2);
  });
});

interface Call {
  name: string;
  options: Record<string, OptionValue>;
}

/** How a command and each of its parts is called with what it needs. */
function callsOf(command: Json): Call[] {
  const options = (command.options ?? []) as Json[];
  const parts = options.filter(({ type }) => type === 1);
  if (parts.length > 0) {
    return parts.flatMap((part) => callsOf(part).map((call) => ({ ...call, name: `${command.name} ${call.name}` })));
  }
  const needed = options.filter(({ required }) => required === true);
  return [{ name: String(command.name), options: Object.fromEntries(needed.map((one) => [one.name, valueFor(one)])) }];
}

function valueFor({ type, choices }: Json): OptionValue {
  const [first] = (choices ?? []) as { value: OptionValue }[];
  if (first !== undefined) return first.value;
  return type === 3 ? 'app' : type === 5 ? true : 1;
}
