import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/backup/engine.ts';
import { applyRules } from '../../../src/jobs/maintenance/apply-rules.ts';
import { forgetByRules } from '../../../src/jobs/maintenance/forget.ts';
import { policyOf, policyOfAll } from '../../../src/jobs/maintenance/retention-policy.ts';
import { RunHistory } from '../../../src/jobs/run-history.ts';
import { fakeRepository, summary } from '../../helpers/fake-engine.ts';
import { MemoryState } from '../../helpers/memory-state.ts';
import { runRecord } from '../../helpers/run-record.ts';
import { unattendedOf } from '../../helpers/unattended.ts';

const DAY_MS = 86_400_000;

/** Five snapshots of two sources each, an hour apart, and one of a source that is not configured. */
async function scene({ held = [] as string[] } = {}) {
  const repository = fakeRepository();
  for (let number = 10; number > 0; number--) {
    repository.snapshots.push(summary(number, { source: number % 2 === 0 ? 'app' : 'shop' }));
  }
  repository.snapshots.push(summary(0, { source: 'old' }));
  const engine: Engine = await repository.open({ location: '/repo', passphrase: () => 'secret' });
  const unattended = unattendedOf({ app: 'retention: { last: 2 }', shop: 'retention: { last: 4 }' });
  const state = new MemoryState();
  for (const { id, time, source } of repository.snapshots.toReversed()) {
    state.document.unattended.runs.push(runRecord(time, { source, snapshot: id }));
  }
  const holds = { isHeld: (source: string) => held.includes(source) };
  return { repository, engine, state, parts: { unattended, holds, history: new RunHistory(state) } };
}

describe('the scheduled forget', () => {
  it('forgets of each source by its own rules, and nothing of what is not configured', async () => {
    const { repository, engine, parts, state } = await scene();
    expect(await forgetByRules(engine, parts, {})).toBe('Forgot 4 snapshots and kept 6');
    const left = repository.snapshots.map(({ source }) => source);
    expect(left).toEqual(['app', 'shop', 'app', 'shop', 'shop', 'shop', 'old']);
    const expired = state.document.unattended.runs.filter(({ status }) => status === 'expired');
    expect(expired.map(({ source }) => source)).toEqual(['shop', 'app', 'app', 'app']);
  });

  it('forgets nothing of a source that is held, and says so', async () => {
    const { repository, engine, parts, state } = await scene({ held: ['app'] });
    const said = await forgetByRules(engine, parts, {});
    expect(said).toBe('Forgot 1 snapshots and kept 9; nothing of app, which is held');
    expect(repository.snapshots.filter(({ source }) => source === 'app')).toHaveLength(5);
    expect(state.document.unattended.runs.filter(({ status }) => status === 'expired')).toHaveLength(1);
    const { kept } = await applyRules(engine, parts, { source: 'app', dryRun: true });
    expect(kept.map((snapshot) => snapshot.kept)).toEqual([
      ['last 2', 'newest'],
      ['last 2'],
      ['held'],
      ['held'],
      ['held'],
    ]);
  });

  it('does what was told before, and telling changes nothing', async () => {
    const { repository, engine, parts } = await scene();
    const told = await applyRules(engine, parts, { source: 'app', dryRun: true });
    expect(repository.snapshots).toHaveLength(11);
    expect(await applyRules(engine, parts, { source: 'app', dryRun: false })).toEqual(told);
    expect(repository.snapshots).toHaveLength(8);
  });

  it('ends between two sources when it is asked to', async () => {
    const { engine, parts, repository } = await scene();
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(forgetByRules(engine, parts, { signal })).rejects.toThrow('stopped');
    expect(repository.snapshots).toHaveLength(11);
  });
});

describe('what the configuration wants kept', () => {
  it('is told to the engine by count, by age, by tag and by reason', () => {
    const written =
      'retention: { last: 3, hourly: 24h, daily: 7, yearly: 2 years, tags: [release], triggers: { manual: 30d }, classes: { daily: 7d } }';
    const unattended = unattendedOf({ app: written, shop: '' }, 'timeZone: Europe/Zurich');
    const { sources } = policyOfAll(unattended);
    expect(sources?.['app']).toEqual({
      last: 3,
      withinHourly: DAY_MS,
      daily: 7,
      withinYearly: 730 * DAY_MS,
      tags: ['release'],
      triggers: { manual: 30 * DAY_MS, 'pre-migration': 365 * DAY_MS },
      classes: { daily: 7 * DAY_MS },
      timeZone: 'Europe/Zurich',
    });
    expect(sources?.['shop']).toEqual({
      ...{ hourly: 24, daily: 7, weekly: 4, monthly: 12 },
      triggers: { 'pre-migration': 365 * DAY_MS },
      timeZone: 'Europe/Zurich',
    });
    expect(policyOf({ last: 0, periods: { daily: { count: 1 } }, tags: [], triggers: {}, classes: {} }, 'UTC')).toEqual(
      {
        daily: 1,
        triggers: {},
        timeZone: 'UTC',
      },
    );
  });
});
