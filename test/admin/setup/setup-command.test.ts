import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSetupCommand } from '../../../src/admin/setup/setup-command.ts';
import type { Globals } from '../../../src/cli/globals.ts';
import { parseInput } from '../../../src/commands/parse-input.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { SeededRandom } from '../../helpers/seeded-random.ts';

const GIB = 1024 ** 3;

let folder: string;
/** Command lines that were run. */
let ran: string[];
/** Repositories that were made and opened. */
let doors: string[];
let statuses: Record<string, number>;

const at = (name: string): string => join(folder, name);

/** @param answers what a person types, in turn; undefined where nobody is asked. The input ends after the last one. */
async function setup(flags: Record<string, unknown>, answers?: ((said: string) => string)[], yes = false) {
  const input = new PassThrough();
  const waiting = [...(answers ?? [])];
  let said = '';
  const collect = (onText: () => void) =>
    new Writable({
      write(piece, _encoding, done) {
        said += piece;
        onText();
        done();
      },
    });
  const messages = collect(() => {
    // Behind its question the terminal is told where the cursor goes.
    if (!/: .\[\d+G$/.test(said)) return;
    const answer = waiting.shift();
    setImmediate(() => (answer === undefined ? input.end() : input.write(`${answer(said)}\n`)));
  });
  const door = (what: string) => async (request: { location: string; passphrase: () => Promise<string> | string }) => {
    doors.push(`${what} ${request.location} ${await request.passphrase()}`);
    mkdirSync(request.location, { recursive: true });
    writeFileSync(join(request.location, 'holdfast.json'), '{}');
    return { close: async () => {} } as never;
  };
  const command = createSetupCommand({
    environment: { HOME: folder },
    input,
    output: collect(() => {}),
    messages,
    canAsk: answers !== undefined,
    now: () => 0,
    door: { open: door('open'), create: door('create') },
    random: new SeededRandom(1),
    run: async (words) => {
      ran.push(words.join(' '));
      return statuses[words[0] ?? ''] ?? 0;
    },
  });
  const globals = { config: at('holdfast.yaml'), json: false, yes } as Globals;
  const status = await command.run(parseInput(command.input, flags as never, { nowMs: 0 }), globals);
  return { status, said };
}

const passphrase = (): string => readFileSync(at('passphrase'), 'utf8').trim();
const end = (): string => passphrase().slice(-4);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-setup-'));
  mkdirSync(at('app'));
  ran = [];
  doors = [];
  statuses = {};
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const app = () => ({ source: [`app=${at('app')}`], keySaved: true });

describe('a setup by flags', () => {
  it('writes a configuration, makes the repository, backs up and verifies', async () => {
    const { status } = await setup({
      ...app(),
      store: at('backups'),
      discordTokenEnv: 'TOKEN',
      owner: ['discord:12', 'discord:13'],
      notify: ['discord:77'],
      cap: '20 GB',
    });
    expect(status).toBe(0);
    expect(await loadConfig(at('holdfast.yaml'))).toMatchObject({
      repository: { location: at('backups'), passphrase: { file: at('passphrase') } },
      sources: [{ name: 'app', paths: [at('app')] }],
      platforms: { console: true, discord: { token: { env: 'TOKEN' } } },
      owners: [{ id: '12' }, { id: '13' }],
      routes: [{ platform: 'discord', channel: '77' }],
      unattended: { storage: { capBytes: 20 * GIB } },
    });
    expect(doors).toEqual([`create ${at('backups')} ${passphrase()}`]);
    const config = `--config ${at('holdfast.yaml')}`;
    expect(ran).toEqual([`backup --source app ${config}`, `verify --deep ${config}`]);
  });

  it('uses the passphrase of a file that is named', async () => {
    writeFileSync(at('mine'), 'open sesame\n');
    await setup({ ...app(), passphraseFile: at('mine') });
    expect(doors).toEqual([`create ${at('repository')} open sesame`]);
    expect(existsSync(at('passphrase'))).toBe(false);
  });

  it('goes on with the repository and the passphrase of a setup that went wrong', async () => {
    await setup(app());
    rmSync(at('holdfast.yaml'));
    await setup(app());
    expect(doors.map((door) => door.split(' ')[0])).toEqual(['create', 'open']);
    expect(new Set(doors.map((door) => door.split(' ')[2])).size).toBe(1);
  });

  it('refuses to overwrite a configuration', async () => {
    writeFileSync(at('holdfast.yaml'), 'mine');
    await expect(setup(app())).rejects.toMatchObject({ code: 'refused' });
    expect(readFileSync(at('holdfast.yaml'), 'utf8')).toBe('mine');
  });

  it.each([
    { what: 'without word of the passphrase', flags: { keySaved: false }, code: 'refused' },
    { what: 'without a source', flags: { source: [] }, code: 'usage' },
    { what: 'on a source without a name', flags: { source: ['/app'] }, code: 'usage' },
    { what: 'on a source that is not there', flags: { source: ['app=/nowhere/at/all'] }, code: 'usage' },
    { what: 'on an owner without a platform', flags: { owner: ['12'] }, code: 'usage' },
    { what: 'on an owner whose ID is none', flags: { owner: ['discord:Ada'] }, code: 'usage' },
    { what: 'on a channel of a chat that is not listened on', flags: { notify: ['slack:C1'] }, code: 'usage' },
    { what: 'on a cap that is no size', flags: { cap: 'much' }, code: 'usage' },
  ])('writes nothing $what', async ({ flags, code }) => {
    await expect(setup({ ...app(), ...flags })).rejects.toMatchObject({ code });
    expect([doors, ran, existsSync(at('holdfast.yaml')), existsSync(at('passphrase'))]).toEqual([[], [], false, false]);
  });

  it('refuses sources that are larger than the cap until somebody says what may be taken', async () => {
    writeFileSync(at('app/disk.img'), '');
    truncateSync(at('app/disk.img'), 6 * GIB);
    await expect(setup(app())).rejects.toMatchObject({
      code: 'refused',
      advice: expect.stringContaining('--cap "12 GB"'),
    });
    await setup({ ...app(), cap: 'none' });
    expect((await loadConfig(at('holdfast.yaml'))).unattended.storage.capBytes).toBeUndefined();
  });

  it('does not verify after a backup that failed, and ends with its status', async () => {
    statuses = { backup: 14 };
    const { status, said } = await setup(app());
    expect(status).toBe(14);
    expect(said).toContain('holdfast backup --config');
    expect(ran).toHaveLength(1);
  });

  it('asks nothing on a terminal either with --yes', async () => {
    expect((await setup(app(), [], true)).status).toBe(0);
  });
});

describe('a setup on a terminal', () => {
  it('asks for what flags leave open, and whether the passphrase is kept elsewhere', async () => {
    const { status, said } = await setup({}, [
      () => '',
      () => `app=${at('app')}`,
      () => '',
      () => 'slack',
      () => 'T0001/U0001',
      () => 'C0001',
      () => 'wrong',
      end,
    ]);
    expect(status).toBe(0);
    expect(said).toContain('That is not how it ends');
    expect(said).not.toContain(passphrase());
    expect(await loadConfig(at('holdfast.yaml'))).toMatchObject({
      repository: { location: at('repository') },
      owners: [{ platform: 'slack', id: 'T0001/U0001' }],
      notify: { slack: 'C0001' },
      platforms: { slack: { botToken: { env: 'SLACK_BOT_TOKEN' } } },
    });
  });

  it('says what is wrong with an answer, and asks again', async () => {
    writeFileSync(at('file'), '');
    const { status, said } = await setup({}, [
      () => at('file'),
      () => '~/backups',
      () => at('app'),
      () => `my app=${at('app')}`,
      () => 'app=/nowhere/at/all',
      () => 'app=~/app',
      () => `app=${at('app')}`,
      () => '',
      () => 'discord',
      () => 'Ada',
      () => '12',
      () => '#general',
      () => '77',
      end,
    ]);
    expect(status).toBe(0);
    expect(said).toContain('is not a folder');
    expect(said).toContain('A source is NAME=FOLDER');
    expect(said).toContain('must be letters, digits and . _ -');
    expect(said).toContain('/nowhere/at/all, cannot be found');
    expect(said).toContain('Two sources are named app');
    expect(said).toContain('owners.discord.0: must look like');
    expect(said).toContain('notify.discord: must look like');
    expect(await loadConfig(at('holdfast.yaml'))).toMatchObject({
      repository: { location: at('backups') },
      sources: [{ name: 'app', paths: [at('app')] }],
      owners: [{ id: '12' }],
      notify: { discord: '77' },
    });
  });

  it('asks for the cap where the sources are larger', async () => {
    writeFileSync(at('app/disk.img'), '');
    truncateSync(at('app/disk.img'), 6 * GIB);
    await setup(app(), [() => '', () => '', () => '']);
    expect((await loadConfig(at('holdfast.yaml'))).unattended.storage.capBytes).toBe(12 * GIB);
  });

  it('makes no repository while the passphrase is nowhere else', async () => {
    const wrong = () => 'wrong';
    const answers = [() => '', () => '', wrong, wrong, wrong];
    await expect(setup({ ...app(), keySaved: false }, answers)).rejects.toMatchObject({ code: 'refused' });
    expect(doors).toEqual([]);
  });

  it('ends when the input does', async () => {
    await expect(setup(app(), [])).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('Nobody answered'),
    });
  });
});
