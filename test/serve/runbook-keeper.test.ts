import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/backup/engine.ts';
import type { HappenedEvent } from '../../src/notify/event.ts';
import { RunbookKeeper } from '../../src/serve/runbook-keeper.ts';
import { HoldfastError } from '../../src/shared/errors.ts';
import { fakeRepository } from '../helpers/fake-engine.ts';
import { ManualClock } from '../helpers/manual-clock.ts';

const MINUTE_MS = 60_000;

function run(source: string, snapshot: string | null): HappenedEvent {
  const who = { platform: 'test', id: '1', name: 'Ann' };
  const files = { new: 1, changed: 0, unmodified: 0, unreadable: 0 };
  const status = snapshot === null ? 'failed' : 'completed';
  const times = { started: '2030-01-01T00:00:00.000Z', ended: '2030-01-01T00:01:00.000Z' };
  const sizes = { bytes: 1, read: 1, added: 1, stored: 1, files, warnings: 0 };
  const about = { id: 'j', source, kind: 'files', trigger: 'manual', classes: [], who, error: null };
  return { kind: 'run', run: { ...about, ...times, ...sizes, status, snapshot } };
}

function keeping(put: (page: Uint8Array) => Promise<string>) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-runbook-keeper-'));
  const clock = new ManualClock();
  const events: HappenedEvent[] = [];
  const keeper = new RunbookKeeper({
    setting: () => ({ program: 'Holdfast 1', host: 'host-7', contacts: ['Ada'], sources: undefined }),
    repository: async (): Promise<Engine> => {
      const engine = await fakeRepository().open({ location: '/repository', passphrase: () => 'secret' });
      return Object.assign(engine, { putRunbook: put });
    },
    form: 'reduced',
    folder,
    clock,
    sink: { happened: (event) => void events.push(event) },
  });
  return { folder, clock, events, keeper, page: () => readFileSync(join(folder, 'runbook.html'), 'utf8') };
}

describe('the runbook of a bot', () => {
  it('is written once for all backups of a minute: in full for the machine, reduced beside the backups', async () => {
    const pages: string[] = [];
    const { clock, keeper, page, folder } = keeping(async (bytes) => `${pages.push(Buffer.from(bytes).toString())}`);
    keeper.happened(run('app', 'a'.repeat(64)));
    keeper.happened(run('web', 'b'.repeat(64)));
    await clock.advance(MINUTE_MS - 1);
    expect(pages).toEqual([]);
    await clock.advance(1);
    await keeper.close();
    expect(pages).toHaveLength(1);
    expect(page()).toContain('host-7');
    expect(pages[0]).not.toContain('host-7');
    expect(readdirSync(folder)).toEqual(['runbook.html']);
    expect(statSync(join(folder, 'runbook.html')).mode & 0o777).toBe(0o600);
  });

  it('is not written for a backup that failed', async () => {
    const { clock, keeper, folder } = keeping(async () => 'name');
    keeper.happened(run('app', null));
    await clock.advance(MINUTE_MS);
    await keeper.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is written before the bot ends', async () => {
    const { keeper, page } = keeping(async () => 'name');
    keeper.happened(run('app', 'a'.repeat(64)));
    await keeper.close();
    expect(page()).toContain('Recovery runbook');
  });

  it('tells when it is older than the newest backup', async () => {
    const { events, keeper } = keeping(async () => {
      throw new HoldfastError('storage_full', 'No room', { advice: 'Make room.' });
    });
    keeper.happened(run('app', 'a'.repeat(64)));
    await keeper.close();
    expect(events).toEqual([
      expect.objectContaining({
        kind: 'maintenance_failed',
        task: 'runbook',
        error: expect.objectContaining({
          code: 'storage_full',
          message: expect.stringContaining('older than the newest backup: No room'),
          advice: 'Make room.',
        }),
      }),
    ]);
  });
});
