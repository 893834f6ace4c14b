import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/backup/engine.ts';
import type { SnapshotSummary } from '../../../src/backup/types.ts';
import { Holds } from '../../../src/jobs/holds.ts';
import { JobRunner } from '../../../src/jobs/job-runner.ts';
import { maintenanceTasks } from '../../../src/jobs/maintenance/maintenance-tasks.ts';
import { RunHistory } from '../../../src/jobs/run-history.ts';
import type { HappenedEvent } from '../../../src/notify/event.ts';
import { HoldfastError } from '../../../src/shared/errors.ts';
import { summary } from '../../helpers/fake-engine.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { MemoryState } from '../../helpers/memory-state.ts';
import { runRecord } from '../../helpers/run-record.ts';
import { SeededRandom } from '../../helpers/seeded-random.ts';
import { unattendedOf } from '../../helpers/unattended.ts';

/** Maintenance on an engine that says what it was asked and answers as a test wants. */
function open(
  answers: Partial<Record<'forget' | 'prune' | 'verify', unknown>> = {},
  more = '',
  listed: SnapshotSummary[] = [],
) {
  const state = new MemoryState();
  const clock = new ManualClock();
  const events: HappenedEvent[] = [];
  const sink = { happened: (event: HappenedEvent) => events.push(event) };
  const asked: [string, unknown][] = [];
  const ask = (name: 'forget' | 'prune' | 'verify') => async (request: unknown) => {
    asked.push([name, request]);
    const answer = answers[name];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const engine = {
    forget: ask('forget'),
    prune: ask('prune'),
    verify: ask('verify'),
    list: async () => listed,
  } as unknown as Engine;
  let open = 0;
  const runner = new JobRunner({ state, clock, random: new SeededRandom(1), atOnce: 2, scrub: (text) => text });
  const tasks = maintenanceTasks({
    unattended: unattendedOf({ app: 'retention: { daily: 30d, last: 2 }', shop: '' }, more),
    runner,
    holds: new Holds({ state, clock, sink }),
    history: new RunHistory(state),
    events: sink,
    openEngine: async () => {
      open++;
      return { engine, close: async () => void open-- };
    },
  });
  const run = async (name: string) => tasks.find((task) => task.name === name)?.begin('2030-01-01T03:00:00.000Z');
  return { state, runner, events, asked, tasks, run, open: () => open };
}

const snapshot = (number: number, more: Partial<SnapshotSummary> = {}) => summary(number, { source: 'app', ...more });

describe('maintenance', () => {
  it('has the schedules of the configuration, and none where it is not wanted', () => {
    const { tasks } = open({}, "timeZone: Europe/Zurich\nmaintenance: { prune: false, verify: '0 6 * * *' }");
    expect(tasks).toMatchObject([
      { name: 'forget', cron: '0 3 * * *', timeZone: 'Europe/Zurich', lane: 'maintenance' },
      { name: 'verify', cron: '0 6 * * *', lane: 'maintenance' },
    ]);
    expect(tasks).toHaveLength(2);
  });

  it('forgets of each source what its rules do not keep, and says so in the history', async () => {
    const [old, kept] = [snapshot(1), snapshot(2)];
    const { run, asked, events, state, runner, open: opened } = open({ forget: { forgotten: [old], kept: [kept] } });
    state.document.unattended.runs.push(runRecord('2029-01-01T00:00Z', { snapshot: old.id }));
    expect(await run('forget')).toBe('ended');
    const common = { triggers: { 'pre-migration': 365 * 86_400_000 }, timeZone: 'UTC' };
    expect(asked).toEqual([
      [
        'forget',
        { policy: { withinDaily: 30 * 86_400_000, last: 2, ...common }, filter: { source: 'app' }, dryRun: false },
      ],
      [
        'forget',
        {
          policy: { hourly: 24, daily: 7, weekly: 4, monthly: 12, ...common },
          filter: { source: 'shop' },
          dryRun: false,
        },
      ],
    ]);
    expect(state.document.unattended.runs[0]?.status).toBe('expired');
    expect(events).toMatchObject([{ kind: 'maintenance_done', task: 'forget' }]);
    expect(runner.jobs).toMatchObject([{ kind: 'forget', state: 'completed', told: true }]);
    expect(opened()).toBe(0);
  });

  it('spares what the repository says is held, though the state that knew of it is lost', async () => {
    const held = snapshot(1, { pinned: true, pinReason: 'held: a later run was far from the usual' });
    const answers = { forget: { forgotten: [snapshot(2)], kept: [held] } };
    const stage = open(answers, '', [snapshot(3), snapshot(2), held, summary(4, { source: 'shop' })]);
    await stage.run('prune');
    await stage.run('forget');
    expect(stage.asked.map(([name, request]) => [name, (request as { dryRun?: boolean }).dryRun])).toEqual([
      ['forget', true],
      ['forget', false],
    ]);
    expect(stage.events.filter(({ kind }) => kind === 'hold')).toMatchObject([{ source: 'app', kept: held.id }]);
    expect(stage.state.document.unattended.holds).toMatchObject([{ source: 'app', pin: 'ours', confirmed: true }]);
  });

  it('frees nothing while a source is held', async () => {
    const { run, asked, events, state } = open({ forget: { forgotten: [], kept: [] } });
    state.document.unattended.holds.push({
      source: 'app',
      snapshot: 'a',
      suspect: 'b',
      reasons: [],
      since: '2030-01-01T00:00:00.000Z',
    } as unknown as (typeof state.document.unattended.holds)[number]);
    await run('prune');
    expect(asked).toEqual([]);
    expect(events).toMatchObject([{ summary: 'Freed nothing, because app is held' }]);
  });

  it('prunes with the grace of the configuration, and never by force', async () => {
    const { run, asked, events } = open(
      { prune: { freedBytes: 2048, markedBytes: 1024 } },
      'maintenance: { grace: 5h }',
    );
    await run('prune');
    expect(asked).toEqual([['prune', { graceMs: 5 * 3_600_000 }]]);
    expect(events).toMatchObject([{ summary: 'Freed 2.00 KiB; 1.00 KiB can be freed later' }]);
  });

  it('verifies a sample of the content, and tells damage', async () => {
    const damaged = [1, 2, 3, 4].map((number) => ({ object: `packs/${number}`, problem: 'is missing' }));
    const { run, asked, events, runner } = open({ verify: { damaged } });
    expect(await run('verify')).toBe('ended');
    expect(asked).toEqual([['verify', { depth: 'deep', sample: 0.1 }]]);
    expect(events).toMatchObject([
      {
        kind: 'maintenance_failed',
        task: 'verify',
        error: {
          code: 'damaged',
          message: 'Damage was found: packs/1 is missing; packs/2 is missing; packs/3 is missing and 1 more',
        },
      },
    ]);
    expect(runner.jobs[0]?.state).toBe('failed');
  });

  it('tells what went wrong', async () => {
    const failure = new HoldfastError('refused', 'A fifth would go', { advice: 'Look at it.' });
    const { run, events, open: opened } = open({ prune: failure });
    await run('prune');
    expect(events).toEqual([
      {
        kind: 'maintenance_failed',
        task: 'prune',
        error: {
          code: 'refused',
          message: 'A fifth would go',
          advice: 'Look at it.',
          phase: 'prune',
        },
      },
    ]);
    expect(opened()).toBe(0);
  });
});
