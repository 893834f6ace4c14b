import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunHistory } from '../../src/jobs/run-history.ts';
import { readProcessIdentity } from '../../src/shared/process-identity.ts';
import { openState, type State } from '../../src/state/state.ts';
import { runRecord } from '../helpers/run-record.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2030, 0, 1);

let state: State;
let history: RunHistory;

beforeEach(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-history-'));
  state = await openState(folder, { identity: readProcessIdentity(), onWarning: () => {} });
  history = new RunHistory(state);
});

afterEach(() => state.close());

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

  it('stays small over months of hourly runs, and knows the worst and the busiest hour of each of its last days', async () => {
    for (let hour = 0; hour < 120 * 24; hour++) {
      const at = START_MS + hour * HOUR_MS;
      const busy = hour % 24 === 2 ? { added: 500_000_000 } : {};
      await add(runRecord(at, hour % 24 === 5 ? { ...failed, ...busy } : busy));
    }
    expect(history.all.length).toBeLessThanOrEqual(72 + 2 * 101);
    expect(history.all.slice(-72).map(({ started }) => started.slice(11, 13))).toContain('17');
    const older = history.all.slice(0, -72);
    expect(new Set(older.map(({ started }) => started.slice(11, 13)))).toEqual(new Set(['02', '05']));
  });
});

/** Without writing a file for each of thousands. */
const add = (run: ReturnType<typeof runRecord>): Promise<void> => {
  const { unattended } = state.document;
  const memory = {
    document: { unattended },
    update: async (change: (document: unknown) => void) => change({ unattended }),
  };
  return new RunHistory(memory as unknown as State).add(run);
};
