import { describe, expect, it } from 'vitest';
import { RunStage } from '../../helpers/run-stage.ts';

const HOUR_MS = 3_600_000;
const FRESHNESS = 'freshness: { fresh: 2h, stale: 5h }';

describe('the age of a source', () => {
  it('is told once when it is stale and once when it is fresh again, also after a restart', async () => {
    let stage = new RunStage(FRESHNESS);
    await stage.run();
    const { started } = stage.history.all[0] ?? {};
    const told: unknown[] = [];
    const later = async (hours: number): Promise<void> => {
      await stage.clock.advance(hours * HOUR_MS);
      await stage.freshness.check();
      told.push(...stage.happened.splice(0).filter(({ kind }) => kind !== 'run'));
    };
    await later(4.9);
    expect(told).toEqual([]);
    await later(0.2);
    await later(10);
    expect(told.splice(0)).toEqual([{ kind: 'stale', source: 'app', since: started, limitMs: 5 * HOUR_MS }]);
    const restarted = new RunStage(FRESHNESS, '', stage.state.reopened());
    await restarted.clock.advance(15 * HOUR_MS);
    stage = restarted;
    await later(1);
    expect(told).toEqual([]);
    await stage.run();
    await later(0);
    expect(told.splice(0)).toEqual([{ kind: 'fresh_again', source: 'app' }]);
    await later(6);
    expect(told).toMatchObject([{ kind: 'stale' }]);
  });

  it('of one that was never backed up counts from when it was first seen', async () => {
    const stage = new RunStage(FRESHNESS);
    await stage.freshness.check();
    await stage.clock.advance(4 * HOUR_MS);
    await stage.freshness.check();
    expect(stage.happened).toEqual([]);
    await stage.clock.advance(2 * HOUR_MS);
    await stage.freshness.check();
    expect(stage.happened).toEqual([{ kind: 'stale', source: 'app', since: null, limitMs: 5 * HOUR_MS }]);
  });
});
