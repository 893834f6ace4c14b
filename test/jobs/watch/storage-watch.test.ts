import { describe, expect, it } from 'vitest';
import { summary } from '../../helpers/fake-engine.ts';
import { RunStage } from '../../helpers/run-stage.ts';

const DAY_MS = 86_400_000;
const CAP = 'storage: { cap: 1000 }';
const TOTAL = 1_000_000;

const disk = (percent: number) => ({
  folder: '/repository',
  device: 1,
  freeBytes: TOTAL * (1 - percent / 100),
  totalBytes: TOTAL,
});

describe('how full the repository is', () => {
  it('is told at each threshold once, also after a restart, and again after it fell and rose anew', async () => {
    let stage = new RunStage('', CAP);
    const told: string[] = [];
    const fill = async (usedBytes: number): Promise<void> => {
      await stage.storage.sample(usedBytes, []);
      told.push(
        ...stage.happened.splice(0).map((event) => `${event.kind} ${'level' in event ? event.level : ''}`.trim()),
      );
    };
    for (const used of [700, 790, 800, 810, 799, 805]) await fill(used);
    expect(told.splice(0)).toEqual(['filling 80']);
    stage = new RunStage('', CAP, stage.state.reopened());
    for (const used of [805, 960]) await fill(used);
    expect(told.splice(0)).toEqual(['filling 95']);
    for (const used of [949, 951, 935, 951, 925, 951]) await fill(used);
    expect(told.splice(0)).toEqual(['filling 95']);
    for (const used of [785, 779, 700]) await fill(used);
    expect(told.splice(0)).toEqual(['emptied']);
    stage = new RunStage('', CAP, stage.state.reopened());
    for (const used of [700, 801]) await fill(used);
    expect(told.splice(0)).toEqual(['filling 80']);
  });

  it('is told with the figures and the days that are left', async () => {
    const stage = new RunStage('', CAP);
    for (const used of [500, 600, 700, 800]) {
      await stage.storage.sample(used, []);
      await stage.clock.advance(DAY_MS);
    }
    expect(stage.happened).toEqual([
      { kind: 'filling', what: 'cap', place: '/repository', level: 80, usedBytes: 800, limitBytes: 1000, daysLeft: 2 },
    ]);
  });

  it('is remembered once a day, by source', async () => {
    const stage = new RunStage('', CAP);
    const snapshots = [
      summary(1, { source: 'app', stored: 30 }),
      summary(2, { source: 'app', stored: 12 }),
      summary(3, { source: 'web', stored: 5 }),
    ];
    for (const used of [100, 110]) await stage.storage.sample(used, snapshots);
    await stage.clock.advance(DAY_MS);
    await stage.storage.sample(120, []);
    const { usage } = stage.state.document.unattended;
    expect(usage.map(({ repositoryBytes }) => repositoryBytes)).toEqual([110, 120]);
    expect(usage[0]).toMatchObject({ sources: { app: 42, web: 5 }, freeBytes: null });
  });

  it('is not told where there is no cap', async () => {
    const stage = new RunStage('', 'storage: { cap: false }');
    await stage.storage.sample(1e15, []);
    expect(stage.happened).toEqual([]);
  });
});

describe('how full a disk is', () => {
  it('is told in the same way, without the repository', async () => {
    let stage = new RunStage('', CAP);
    const told: unknown[] = [];
    for (const percent of [70, 91, 92, 89, 91, 87, 91, 60, 85]) {
      stage = new RunStage('', CAP, stage.state.reopened());
      stage.disk = disk(percent);
      await stage.storage.checkDisks();
      told.push(...stage.happened.map((event) => [percent, event.kind, 'level' in event && event.level]));
    }
    expect(told).toEqual([
      [91, 'filling', 90],
      [91, 'filling', 90],
      [60, 'emptied', false],
      [85, 'filling', 80],
    ]);
  });

  it('of the state is told as well, unless it is the same', async () => {
    const stage = new RunStage('', CAP);
    stage.disk = disk(50);
    stage.stateDisk = { ...disk(96), folder: '/state', device: 2 };
    await stage.storage.checkDisks();
    expect(stage.happened).toMatchObject([{ kind: 'filling', what: 'disk', place: '/state', level: 95 }]);
    const other = new RunStage('', CAP);
    other.disk = disk(96);
    other.stateDisk = { ...disk(96), folder: '/state' };
    await other.storage.checkDisks();
    expect(other.happened).toMatchObject([{ place: '/repository' }]);
  });
});
