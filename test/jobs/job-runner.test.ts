import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type JobOutcome, JobRunner, type JobStart, NOWHERE } from '../../src/jobs/job-runner.ts';
import { readProcessIdentity } from '../../src/shared/process-identity.ts';
import { systemRandom } from '../../src/shared/random.ts';
import { openState } from '../../src/state/state.ts';
import { ManualClock } from '../helpers/manual-clock.ts';

const who = { platform: 'discord', id: '1', name: 'Ann' };
const where = { platform: 'discord', channel: '7', direct: false };
const backup = { kind: 'backup', source: 'app', who, where };
const done: JobOutcome = { state: 'completed', result: 'Done' };

async function setUp(folder = mkdtempSync(join(tmpdir(), 'holdfast-jobs-')), atOnce = 5) {
  const state = await openState(folder, { identity: readProcessIdentity(), onWarning: () => {} });
  return { folder, state, runner: new JobRunner({ state, clock: new ManualClock(), random: systemRandom, atOnce }) };
}

const untilCancelled = ({ signal }: { signal: AbortSignal }) =>
  new Promise<JobOutcome>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

function started(start: JobStart): Extract<JobStart, { job: unknown }> {
  if ('running' in start) throw new Error('another job writes the source');
  return start;
}

describe('a job', () => {
  it('is on the list while it runs, with its end afterwards', async () => {
    const { runner } = await setUp();
    const start = runner.start(backup, async (job) => {
      job.progress('reading', 0.5);
      expect(runner.find(job.record.id)).toMatchObject({ state: 'running', phase: 'reading', share: 0.5 });
      return done;
    });
    if (!('job' in start)) throw new Error('not started');
    expect(await start.ended).toMatchObject({ state: 'completed', result: 'Done', ended: '2030-01-01T00:00:00.000Z' });
  });

  it('that writes a source keeps others from it, and tells its ID', async () => {
    const { runner } = await setUp();
    const first = runner.start(backup, untilCancelled);
    if (!('job' in first)) throw new Error('not started');
    expect(runner.start({ ...backup, kind: 'restore' }, async () => done)).toEqual({ running: first.job });
    const other = runner.start({ ...backup, source: 'other' }, async () => done);
    const reading = runner.start({ ...backup, source: undefined }, async () => done);
    expect([other, reading].every((start) => 'job' in start)).toBe(true);
    runner.cancel(first.job.id, 'Ann');
    expect(await first.ended).toMatchObject({ state: 'cancelled', result: 'Cancelled by Ann' });
    expect('job' in runner.start(backup, async () => done)).toBe(true);
  });

  it('that fails says why', async () => {
    const { runner } = await setUp();
    const start = runner.start(backup, () => Promise.reject(new Error('no disk')));
    expect('job' in start && (await start.ended)).toMatchObject({ state: 'failed', result: 'no disk' });
  });

  it('cannot be cancelled when it has ended', async () => {
    const { runner } = await setUp();
    const start = runner.start(backup, async () => done);
    if (!('job' in start)) throw new Error('not started');
    await start.ended;
    expect(runner.cancel(start.job.id, 'Ann')).toBe(false);
  });

  it('that was running when the process died is found interrupted', async () => {
    const first = await setUp();
    first.runner.start(backup, () => new Promise(() => {}));
    await first.state.close();
    const second = await setUp(first.folder);
    const untold = await second.runner.recover();
    expect(untold).toMatchObject([{ kind: 'backup', state: 'interrupted', told: false, where }]);
    await second.runner.told(untold[0]?.id ?? '');
    expect(await second.runner.recover()).toEqual([]);
    expect('job' in second.runner.start(backup, async () => done)).toBe(true);
  });

  it('waits for its turn, on the list, and begins when another has ended', async () => {
    const { runner } = await setUp(undefined, 1);
    const first = started(runner.start(backup, untilCancelled));
    let begun = false;
    const second = started(
      runner.start({ ...backup, source: 'other' }, async () => {
        begun = true;
        return done;
      }),
    );
    expect(second.job).toMatchObject({ state: 'pending', phase: 'waiting' });
    expect(runner.start({ ...backup, source: 'other' }, async () => done)).toEqual({ running: second.job });
    expect(begun).toBe(false);
    runner.cancel(first.job.id, 'Ann');
    expect(await second.ended).toMatchObject({ state: 'completed' });
  });

  it('can be cancelled while it waits, and never begins', async () => {
    const { runner } = await setUp(undefined, 1);
    const first = started(runner.start(backup, untilCancelled));
    const waiting = started(
      runner.start({ ...backup, source: 'other' }, () => Promise.reject(new Error('it has begun'))),
    );
    expect(runner.cancel(waiting.job.id, 'Ben')).toBe(true);
    expect(await waiting.ended).toMatchObject({ state: 'cancelled', result: 'Cancelled by Ben' });
    expect(runner.find(first.job.id)).toMatchObject({ state: 'running' });
    await runner.stop();
  });

  it('that waited when the bot stops is interrupted', async () => {
    const { runner } = await setUp(undefined, 1);
    const first = started(runner.start(backup, untilCancelled));
    const waiting = started(runner.start({ ...backup, source: 'other' }, async () => done));
    await runner.stop();
    expect([await first.ended, await waiting.ended].map(({ state }) => state)).toEqual(['interrupted', 'interrupted']);
  });

  it('that nobody asked for needs nobody to be told', async () => {
    const { runner } = await setUp();
    const nightly = started(runner.start({ ...backup, where: NOWHERE }, async () => done));
    expect(await nightly.ended).toMatchObject({ told: true });
  });

  it('is interrupted when the bot stops', async () => {
    const { runner } = await setUp();
    const start = runner.start(backup, untilCancelled);
    await runner.stop();
    expect('job' in start && (await start.ended)).toMatchObject({ state: 'interrupted', told: false });
  });
});
