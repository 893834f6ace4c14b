import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createConfigCommand } from '../../../src/admin/config/config-command.ts';
import type { Globals } from '../../../src/cli/globals.ts';
import { loadConfig, parseConfig } from '../../../src/config/load-config.ts';
import { digestOf } from '../../../src/jobs/schedules/effective.ts';
import { emptyState } from '../../../src/state/document.ts';

const CANARY = 'canary-in-plain-text';
const WRITTEN = `version: 1
repository: { store: ./repository, passphrase: { file: ./passphrase } }
sources:
  app:
    files: { paths: [./app] }
    schedules:
      daily: 30 1 * * *
      weekly: false
    hooks:
      before: { command: [pg_dump, app], env: { PGPASSWORD: ${CANARY}, KEY: { env: KEY } } }
    ping: { env: PING_URL }
  web:
    files: { paths: [./web] }
    retention: { daily: 30 days, triggers: { manual: 2w } }
    rate: 10 MB
owners: { discord: ['1'] }
platforms:
  discord: { token: { env: DISCORD_TOKEN }, apiUrl: 'http://me:${CANARY}@127.0.0.1:9/api' }
  console: true
notify: { discord: '77' }
schedules:
  hourly: { cron: '15 * * * *', jitter: 90s, window: 22:00-06:30 }
freshness: { stale: 36h }
missed: alert
timeZone: Europe/Zurich
storage: { cap: 20 GB }
`;

let folder: string;
const file = (): string => join(folder, 'holdfast.yaml');

async function run(action: string, { json = false } = {}): Promise<{ status: number; output: string }> {
  let output = '';
  const stream = () =>
    new Writable({
      write(piece, _encoding, done) {
        output += piece;
        done();
      },
    });
  const host = { environment: { HOLDFAST_CONFIG: file() }, now: () => 0, output: stream(), messages: stream() };
  const status = await createConfigCommand(host).run({ action }, { json } as Globals);
  return { status, output };
}

async function shownSettings(): Promise<Record<string, { value: unknown; from: string; line?: number; by?: string }>> {
  const { settings } = JSON.parse((await run('show', { json: true })).output);
  return Object.fromEntries(settings.map(({ setting, ...rest }: { setting: string }) => [setting, rest]));
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
  writeFileSync(file(), WRITTEN);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('config validate', () => {
  it('says OK to a configuration that can be used', async () => {
    expect(await run('validate')).toEqual({ status: 0, output: `OK: ${file()}\n` });
  });

  it('tells every problem with its line and column, and what was meant', async () => {
    writeFileSync(file(), WRITTEN.replace('missed: alert', 'mised: alert').replace('Europe/Zurich', 'Europe/Zurick'));
    const { status, output } = await run('validate');
    expect(status).toBe(2);
    expect(output).toContain(`${file()}:24:1: mised: is not known\n  Did you mean missed?`);
    expect(output).toContain(`${file()}:25:1: timeZone: is no time zone`);
  });

  it('gives problems to programs', async () => {
    writeFileSync(file(), 'version: 2\n');
    const { status, output } = await run('validate', { json: true });
    expect(status).toBe(2);
    expect(JSON.parse(output)).toMatchObject({
      valid: false,
      problems: expect.arrayContaining([{ line: 1, column: 1, message: expect.stringContaining('must be 1') }]),
    });
  });
});

describe('config show', () => {
  it('prints a configuration that means the same as the one it shows', async () => {
    writeFileSync(file(), WRITTEN.replace(`me:${CANARY}@`, '').replace(`PGPASSWORD: ${CANARY}, `, ''));
    const { status, output } = await run('show');
    expect(status).toBe(0);
    const plain = (config: unknown): unknown =>
      JSON.parse(JSON.stringify(config, (key, value) => (key === 'writtenAt' ? undefined : value)));
    expect(plain(parseConfig(output, file()))).toEqual(plain(await loadConfig(file())));
  });

  it('tells where each setting comes from', async () => {
    expect(await shownSettings()).toMatchObject({
      'storage.cap': { value: '20GiB', from: 'file', line: 26 },
      'storage.warnAt': { value: [80, 90, 95], from: 'default' },
      'sources.app.schedules.daily.cron': { value: '30 1 * * *', from: 'file', line: 7 },
      'sources.web.schedules.daily.cron': { value: '0 2 * * *', from: 'default' },
      'sources.app.schedules.weekly': { value: false, from: 'file', line: 8 },
      'sources.web.schedules.hourly.jitter': { value: '90s', from: 'file', line: 22 },
      'sources.app.schedules.daily.timeZone': { value: 'Europe/Zurich', from: 'file', line: 25 },
      'sources.app.schedules.daily.missed': { value: 'alert', from: 'file', line: 24 },
      'sources.app.freshness.stale': { value: '36h', from: 'file', line: 23 },
      'sources.app.freshness.fresh': { value: '6h', from: 'default' },
      'sources.web.retention.daily': { value: '30d', from: 'file', line: 14 },
      'sources.app.retention.daily': { value: 7, from: 'default' },
    });
  });

  it('shows secrets as references alone, and addresses without who is let in', async () => {
    const { output } = await run('show');
    expect(output).not.toContain(CANARY);
    expect(output).toContain('token: { env: DISCORD_TOKEN } # line 18');
    expect(output).toContain('apiUrl: http://127.0.0.1:9/api # line 18');
  });

  it('tells which schedules were changed in a chat, and by whom', async () => {
    const { unattended } = await loadConfig(file());
    const state = emptyState();
    const said = { by: { platform: 'discord', id: '1', name: 'Ada' }, at: '2026-11-20T12:00:00Z' };
    const { hourly } = unattended.sources.web?.schedules ?? {};
    state.unattended.scheduleChanges['web/hourly'] = { over: digestOf(hourly), setting: null, ...said };
    mkdirSync(join(folder, 'state'));
    writeFileSync(join(folder, 'state/state.json'), JSON.stringify({ ...state, revision: 3 }));
    const shown = await shownSettings();
    expect(shown['sources.web.schedules.hourly']).toMatchObject({ value: false, from: 'chat', by: 'Ada' });
    expect(shown['sources.app.schedules.hourly.cron']).toMatchObject({ from: 'file' });
  });

  it('says so where the state cannot be read, and shows the file all the same', async () => {
    mkdirSync(join(folder, 'state'));
    writeFileSync(join(folder, 'state/state.json'), '{');
    const { status, output } = await run('show');
    expect(status).toBe(0);
    expect(output).toContain('schedules that were changed in a chat are not shown');
    expect(output).toContain('cap: 20GiB # line 26');
  });
});

describe('config schema', () => {
  it('prints the JSON Schema', async () => {
    expect(JSON.parse((await run('schema')).output)).toMatchObject({ title: 'Holdfast configuration' });
  });
});
