import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../../src/shared/errors.ts';
import { unattendedOf } from '../../helpers/unattended.ts';
import { ScheduleStage } from './stage.ts';

const NOTHING = 'schedules: { hourly: false, daily: false, weekly: false, monthly: false }';

const daily = (more = ''): string =>
  `schedules: { hourly: false, weekly: false, monthly: false, daily: { cron: '0 2 * * *'${more} } }`;

const stage = (source: string, start: string, more = '') =>
  new ScheduleStage(unattendedOf({ app: source }, more), start);

const missed = (of: ScheduleStage) => of.events.filter(({ kind }) => kind === 'missed');

describe('a schedule', () => {
  it('runs what is due, once', async () => {
    const app = stage(daily(), '2030-01-01T01:57Z');
    await app.until('2030-01-01T02:03Z');
    expect(app.told).toEqual(['01-01 02:00 app daily']);
    expect(app.begun[0]?.due).toBe('2030-01-01T02:00:00.000Z');
    await app.until('2030-01-02T02:03Z');
    expect(app.told).toHaveLength(2);
  });

  it('does not catch up when it is new', async () => {
    const app = stage(daily(), '2030-01-01T02:00:30Z');
    await app.at(0);
    expect([app.told, app.events]).toEqual([[], []]);
  });

  it('shares one run with all that are due in the same minute', async () => {
    const app = stage('', '2030-09-01T01:30Z', "schedules: { weekly: '0 2 * * 0', monthly: '0 2 1 * *' }");
    await app.until('2030-09-01T03:00Z');
    expect(app.told).toEqual(['09-01 02:00 app hourly+daily+weekly+monthly', '09-01 03:00 app hourly']);
  });

  it('begins as much later as its jitter says, always the same for the same time and source', async () => {
    const begins = async (source: string): Promise<string[]> => {
      const at = '2030-01-01T01:59Z';
      const jittered = new ScheduleStage(unattendedOf({ [source]: daily(', jitter: 2h') }), at);
      await jittered.until('2030-01-02T04:00Z');
      return jittered.told;
    };
    const [first, again, other] = [await begins('app'), await begins('app'), await begins('shop')];
    expect(first).toEqual(again);
    expect(first).toHaveLength(2);
    expect(new Set([...first, ...other].map((told) => told.slice(6, 11))).size).toBe(4);
  });

  it('waits for its window', async () => {
    const app = stage(
      "schedules: { daily: { cron: '0 12 * * *', window: '22:00-06:00' }, hourly: false }",
      '2030-01-02T11:00Z',
    );
    await app.until('2030-01-03T13:00Z');
    expect(app.told).toEqual(['01-02 22:00 app daily']);
  });

  it('does not begin when its window has closed while it had to wait', async () => {
    const app = stage(daily(", window: '01:00-03:00'"), '2030-01-02T01:30Z');
    app.busy.add('app');
    await app.until('2030-01-02T04:00Z');
    app.busy.clear();
    await app.until('2030-01-03T01:30Z');
    expect([app.told, app.events]).toEqual([['01-03 01:00 app daily'], []]);
  });

  it('runs once after the run during which it was due', async () => {
    const app = stage('', '2030-01-01T00:30Z', 'schedules: { daily: false, weekly: false, monthly: false }');
    await app.until('2030-01-01T01:00Z', { ends: false });
    await app.until('2030-01-01T04:30Z', { ends: false });
    expect(app.told).toEqual(['01-01 01:00 app hourly']);
    await app.begun[0]?.end();
    expect(app.told).toEqual(['01-01 01:00 app hourly', '01-01 04:30 app hourly']);
    expect([app.begun[1]?.due, app.events]).toEqual(['2030-01-01T04:00:00.000Z', []]);
  });

  it('waits for whoever works on the source', async () => {
    const app = stage(daily(), '2030-01-01T01:30Z');
    app.busy.add('app');
    await app.until('2030-01-01T05:00Z');
    app.busy.clear();
    await app.until('2030-01-01T05:02Z');
    expect([app.told, app.events]).toEqual([['01-01 05:00 app daily'], []]);
  });

  it('that cannot begin says so', async () => {
    const app = stage(daily(), '2030-01-01T01:30Z');
    await app.until('2030-01-01T02:00Z', { ends: false });
    await app.begun[0]?.fail(new HoldfastError('locked', 'The state is locked', { advice: 'Unlock it.' }));
    expect(app.events).toEqual([
      {
        kind: 'not_started',
        source: 'app',
        classes: ['daily'],
        due: '2030-01-01T02:00:00.000Z',
        error: { code: 'locked', message: 'The state is locked', advice: 'Unlock it.', phase: 'starting' },
      },
    ]);
  });

  it('that is paused is not due, and does not catch up', async () => {
    const app = stage(daily(', enabled: false'), '2030-01-01T00:00Z');
    await app.at(0);
    app.unattended = unattendedOf({ app: daily() });
    app.start();
    await app.at('2030-01-05T12:00Z');
    expect([app.told, app.events]).toEqual([[], []]);
    await app.at('2030-01-06T02:00Z');
    expect(app.told).toEqual(['01-06 02:00 app daily']);
  });
});

describe('what was due while nothing ran', () => {
  async function afterThreeDays(missedPolicy: string): Promise<ScheduleStage> {
    const app = stage(daily(`, missed: ${missedPolicy}`), '2030-01-01T12:00Z');
    await app.at(0);
    app.start();
    await app.at('2030-01-04T12:00Z');
    await app.at(1);
    return app;
  }

  it('is run once and told', async () => {
    const app = await afterThreeDays('run_once');
    expect(app.told).toEqual(['01-04 12:00 app daily']);
    expect(missed(app)).toEqual([
      {
        kind: 'missed',
        source: 'app',
        classes: ['daily'],
        due: ['2030-01-02T02:00:00.000Z', '2030-01-03T02:00:00.000Z', '2030-01-04T02:00:00.000Z'],
        policy: 'run_once',
      },
    ]);
  });

  it.each(['skip', 'alert'])('is told and not run where that is wanted: %s', async (policy) => {
    const app = await afterThreeDays(policy);
    expect(app.told).toEqual([]);
    expect(missed(app)).toMatchObject([{ policy, classes: ['daily'] }]);
    await app.at('2030-01-05T02:00Z');
    expect(app.told).toEqual(['01-05 02:00 app daily']);
  });

  it('is only delayed by a moment', async () => {
    const app = stage(daily(', missed: alert'), '2030-01-01T01:59Z');
    await app.at(0);
    app.start();
    await app.at('2030-01-01T02:04Z');
    expect([app.told, app.events]).toEqual([['01-01 02:04 app daily'], []]);
  });

  it('is found after the clock was put forward, or the machine was suspended', async () => {
    const app = stage(daily(), '2030-01-01T01:00Z');
    await app.at(0);
    await app.at('2030-01-01T09:00Z');
    expect([app.told, missed(app).length]).toEqual([['01-01 09:00 app daily'], 1]);
  });

  it('is told once, although it has to wait and the process is started again', async () => {
    const app = stage(daily(", window: '01:00-04:00'"), '2030-01-01T12:00Z');
    await app.at(0);
    for (const moment of ['2030-01-02T06:00Z', '2030-01-02T07:00Z', '2030-01-02T08:00Z']) {
      app.start();
      await app.at(moment);
    }
    expect([app.told, missed(app).length]).toEqual([[], 1]);
    await app.until('2030-01-03T01:02Z');
    expect(app.told).toEqual(['01-03 01:00 app daily']);
  });

  it('is what the old rule says when the rule was changed meanwhile', async () => {
    const app = stage(daily(), '2030-01-01T12:00Z');
    await app.at(0);
    app.unattended = unattendedOf({ app: daily().replace('0 2 *', '0 5 *') });
    app.start();
    await app.at('2030-01-02T12:00Z');
    expect(missed(app)).toMatchObject([{ due: ['2030-01-02T02:00:00.000Z'] }]);
    await app.begun[0]?.end();
    await app.until('2030-01-03T06:00Z');
    expect(app.told).toEqual(['01-02 12:00 app daily', '01-03 05:00 app daily']);
  });
});

describe('a clock that is put back', () => {
  it('repeats nothing', async () => {
    const app = stage('', '2030-01-01T10:30Z', 'schedules: { daily: false, weekly: false, monthly: false }');
    await app.until('2030-01-01T12:30Z');
    app.nowMs = Date.parse('2030-01-01T10:30Z');
    await app.until('2030-01-01T13:30Z');
    expect(app.told).toEqual(['01-01 11:00 app hourly', '01-01 12:00 app hourly', '01-01 13:00 app hourly']);
    expect(app.events).toEqual([]);
  });

  it('by years does not silence a schedule for years', async () => {
    const app = stage(daily(), '2039-01-01T01:00Z');
    await app.until('2039-01-01T02:30Z');
    await app.at('2030-01-01T01:00Z');
    expect(app.warnings).toEqual(['The clock was ahead: app/daily begin anew from now']);
    await app.until('2030-01-01T02:30Z');
    expect(app.told).toEqual(['01-01 02:00 app daily', '01-01 02:00 app daily']);
  });
});

describe('a crash', () => {
  it('does not repeat a run that had begun', async () => {
    const app = stage(daily(), '2030-01-01T01:59Z');
    await app.until('2030-01-01T02:00Z', { ends: false });
    app.start();
    await app.until('2030-01-01T03:00Z');
    expect([app.told, app.events]).toEqual([['01-01 02:00 app daily'], []]);
  });

  it('before the book was written leaves what was due to the next process', async () => {
    const app = stage(daily(), '2030-01-01T01:59Z');
    await app.at(0);
    app.writes = false;
    await app.at(1);
    app.writes = true;
    app.start();
    await app.at(1);
    expect(app.told).toEqual(['01-01 02:00 app daily', '01-01 02:01 app daily']);
  });

  it('while something waits leaves it to the next process, which tells that it is late', async () => {
    const app = stage(daily(), '2030-01-01T01:59Z');
    app.busy.add('app');
    await app.until('2030-01-01T02:10Z');
    app.busy.clear();
    app.start();
    await app.at('2030-01-01T04:00Z');
    expect(missed(app)).toMatchObject([{ due: ['2030-01-01T02:00:00.000Z'], policy: 'run_once' }]);
    expect(app.told).toEqual(['01-01 04:00 app daily']);
  });
});

describe('a stop', () => {
  it('leaves the run that it gave up to the next process', async () => {
    const app = stage(daily(), '2030-01-01T01:59Z');
    await app.until('2030-01-01T02:00Z', { ends: false });
    const quiet = app.scheduler.stop();
    await app.begun[0]?.end('given up');
    await quiet;
    await app.at(30);
    expect(app.told).toHaveLength(1);
    app.start();
    await app.at(1);
    expect([app.told, app.events]).toEqual([['01-01 02:00 app daily', '01-01 02:31 app daily'], []]);
  });
});

describe('a task', () => {
  async function withTasks(...names: ('forget' | 'prune' | 'digest')[]) {
    const app = stage(NOTHING, '2030-01-01T02:59Z');
    const ends: (() => void)[] = [];
    const told: string[] = [];
    for (const name of names) {
      app.scheduler.addTask({
        name,
        lane: name === 'digest' ? 'digest' : 'maintenance',
        cron: '0 3 * * *',
        timeZone: 'UTC',
        begin: (due) => {
          told.push(`${name} ${due.slice(11, 16)}`);
          return new Promise((resolve) => ends.push(() => resolve('ended')));
        },
      });
    }
    await app.at(0);
    return { app, told, ends };
  }

  it('runs on its own schedule, and never beside another of its lane', async () => {
    const { app, told, ends } = await withTasks('forget', 'prune', 'digest');
    await app.at(1);
    expect(told).toEqual(['forget 03:00', 'digest 03:00']);
    ends[0]?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual(['forget 03:00', 'digest 03:00', 'prune 03:00']);
  });

  it('that cannot begin says so', async () => {
    const app = stage(NOTHING, '2030-01-01T02:59Z');
    const begin = () => Promise.reject(new Error('no engine'));
    app.scheduler.addTask({ name: 'forget', lane: 'maintenance', cron: '0 3 * * *', timeZone: 'UTC', begin });
    await app.at(0);
    await app.at(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(app.events).toMatchObject([{ kind: 'maintenance_failed', task: 'forget', error: { message: 'no engine' } }]);
  });

  it('that was missed runs once, without a word', async () => {
    const { app, told } = await withTasks('forget');
    await app.at('2030-01-05T12:00Z');
    expect([told, app.events]).toEqual([['forget 03:00'], []]);
  });
});

describe('the next runs', () => {
  it('are when they begin, with window and jitter', async () => {
    const app = stage(
      "schedules: { daily: { cron: '0 12 * * *', window: '22:00-06:00' }, hourly: false }",
      '2030-01-02T11:00Z',
    );
    await app.at(0);
    expect(app.scheduler.nextRuns('app', 'daily', 2)).toEqual(['2030-01-02T22:00:00.000Z', '2030-01-03T22:00:00.000Z']);
    expect(app.scheduler.nextRunOf('app')).toBe('2030-01-02T22:00:00.000Z');
    await app.at('2030-01-02T12:30Z');
    expect(app.scheduler.nextRunOf('app')).toBe('2030-01-02T22:00:00.000Z');
    expect(app.scheduler.nextRunOf('other')).toBeUndefined();
  });
});
