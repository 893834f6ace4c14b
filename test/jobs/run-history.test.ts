import { beforeEach, describe, expect, it } from 'vitest';
import { RunHistory } from '../../src/jobs/run-history.ts';
import { summary } from '../helpers/fake-engine.ts';
import { MemoryState } from '../helpers/memory-state.ts';
import { runRecord } from '../helpers/run-record.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2030, 0, 1);

let history: RunHistory;

beforeEach(() => {
  history = new RunHistory(new MemoryState());
});

const failed = { status: 'failed', snapshot: null } as const;

describe('the history of runs', () => {
  it('knows the last good run of a source', async () => {
    const good = runRecord(START_MS);
    await history.add(good);
    await history.add(runRecord(START_MS + HOUR_MS, failed));
    await history.add(runRecord(START_MS + HOUR_MS, { source: 'other' }));
    expect(history.lastGood('app')).toEqual(good);
    expect(history.lastGood('none')).toBeUndefined();
    expect(history.of('app')).toHaveLength(2);
  });

  it('keeps the runs of snapshots that are gone, as expired or deleted', async () => {
    for (const at of [0, 1, 2]) await history.add(runRecord(START_MS + at * HOUR_MS));
    const [first, second] = history.all;
    await history.letGo([first?.snapshot ?? ''], 'expired');
    await history.letGo([second?.snapshot ?? ''], 'deleted');
    expect(history.all.map(({ status }) => status)).toEqual(['expired', 'deleted', 'completed']);
    expect(history.lastGood('app')).toBe(history.all[2]);
  });

  it('learns of snapshots that were taken or deleted without the bot', async () => {
    await history.add(runRecord(START_MS));
    await history.add(runRecord(START_MS + HOUR_MS));
    const known = history.snapshots;
    await history.add(runRecord(START_MS + 2 * HOUR_MS));
    const at = (hour: number) => new Date(START_MS + hour * HOUR_MS).toISOString();
    const listed = [
      summary(3, { source: 'app', time: at(3), trigger: 'manual', size: 77 }),
      summary(4, { source: 'foreign', time: at(4) }),
      summary(5, { source: 'app', time: at(5), trigger: 'pre-restore' }),
      summary(6, { source: 'app', time: at(6), status: 'broken' }),
      summary(7, { source: 'app', id: known[1] ?? '', time: at(1) }),
    ];
    await history.reconcile(known, listed, ['app']);
    expect(history.all.map(({ status }) => status)).toEqual(['deleted', 'completed', 'completed', 'completed']);
    expect(history.lastGood('app')).toMatchObject({
      started: at(3),
      trigger: 'manual',
      bytes: 77,
      snapshot: listed[0]?.id,
    });
    await history.reconcile(history.snapshots, listed, ['app']);
    expect(history.all.filter(({ snapshot }) => snapshot === listed[0]?.id)).toHaveLength(1);
  });

  it('takes no snapshot of a run that has not ended for another run', async () => {
    const run = runRecord(START_MS, { status: 'running', ended: null, snapshot: null });
    await history.add(run);
    await history.reconcile([], [summary(1, { source: 'app' })], ['app']);
    expect(history.all).toEqual([run]);
  });

  it('calls what an earlier process left open interrupted', async () => {
    await history.add(runRecord(START_MS, { status: 'running', ended: null, snapshot: null }));
    await history.recover();
    expect(history.all).toMatchObject([{ status: 'interrupted', error: { code: 'interrupted' } }]);
  });

  it('stays small over months of hourly runs, and knows the worst and the busiest hour of each of its last days', async () => {
    for (let hour = 0; hour < 120 * 24; hour++) {
      const at = START_MS + hour * HOUR_MS;
      const busy = hour % 24 === 2 ? { added: 500_000_000 } : {};
      await history.add(runRecord(at, hour % 24 === 5 ? { ...failed, ...busy } : busy));
    }
    expect(history.all.length).toBeLessThanOrEqual(72 + 2 * 101);
    expect(history.all.slice(-72).map(({ started }) => started.slice(11, 13))).toContain('17');
    const older = history.all.slice(0, -72);
    expect(new Set(older.map(({ started }) => started.slice(11, 13)))).toEqual(new Set(['02', '05']));
  });
});
