import { afterEach, describe, expect, it } from 'vitest';
import type { OpenServices } from '../../src/bot/chat/requests.ts';
import { Holds } from '../../src/jobs/holds.ts';
import { JobRunner } from '../../src/jobs/job-runner.ts';
import { RunHistory } from '../../src/jobs/run-history.ts';
import type { SourceRunRequest } from '../../src/jobs/source-runs.ts';
import type { HappenedEvent } from '../../src/notify/event.ts';
import { openScheduling } from '../../src/serve/open-scheduling.ts';
import { ManualClock } from '../helpers/manual-clock.ts';
import { MemoryState } from '../helpers/memory-state.ts';
import { SeededRandom } from '../helpers/seeded-random.ts';
import { unattendedOf } from '../helpers/unattended.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

let opened: { stop(): Promise<void> } | undefined;

afterEach(async () => {
  await opened?.stop();
});

interface World {
  state: MemoryState;
  clock: ManualClock;
}

async function open({ state, clock }: World, { hangs = false, begins = true } = {}) {
  const runs: SourceRunRequest[] = [];
  const events: HappenedEvent[] = [];
  const logged: string[] = [];
  let digests = 0;
  const maintained: string[] = [];
  const engine = {
    list: async () => [],
    forget: async () => maintained.push('forget') && { forgotten: [], kept: [] },
    prune: async () => maintained.push('prune') && { freedBytes: 0, markedBytes: 0 },
    verify: async () => maintained.push('verify') && { damaged: [], packs: 0, chunks: 0 },
  };
  const services = { repository: async () => engine, close: async () => {} } as unknown as OpenServices;
  const runner = new JobRunner({ state, clock, random: new SeededRandom(1), atOnce: 2, scrub: (text) => text });
  const scheduling = openScheduling({
    config: {
      sources: [{ name: 'app', paths: ['/data'], exclude: [], protected: false }],
      unattended: unattendedOf({ app: '' }, "schedules: { monthly: false }\ndigest: '0 8 * * *'"),
    },
    state,
    runner,
    runs: {
      async run(request, { signal }) {
        runs.push(request);
        if (hangs) await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
        return { snapshot: 'a'.repeat(64), unreadable: 0 } as never;
      },
    },
    holds: new Holds({ state, clock, sink: { happened: () => {} } }),
    history: new RunHistory(state),
    events: { happened: (event) => events.push(event) },
    digest: () => digests++,
    openJobServices: async () => services,
    clock,
    log: ({ message }) => logged.push(message),
  });
  const stop = async (): Promise<void> => {
    opened = undefined;
    const quiet = scheduling.stop();
    await runner.stop();
    await quiet;
  };
  opened = { stop };
  if (begins) await scheduling.start();
  return { scheduling, runner, runs, events, logged, maintained, digests: () => digests, stop };
}

const world = (): World => ({ state: new MemoryState(), clock: new ManualClock(Date.UTC(2030, 0, 1, 1, 30)) });

describe('scheduling', () => {
  it('backs up what is due as jobs, and tells the digest and keeps house on their own schedules', async () => {
    const { clock, ...rest } = world();
    const bot = await open({ clock, ...rest });
    await clock.advance(7 * HOUR_MS);
    expect(bot.runs.map(({ due, classes }) => `${due?.slice(11, 16)} ${classes.join('+')}`)).toEqual([
      ...['02:00 hourly+daily', '03:00 hourly', '04:00 hourly', '05:00 hourly', '06:00 hourly', '07:00 hourly'],
      '08:00 hourly',
    ]);
    expect(bot.runs[0]).toMatchObject({ source: 'app', trigger: 'schedule', who: { id: 'schedule' } });
    expect(bot.maintained).toEqual(['forget', 'prune']);
    expect(bot.digests()).toBe(1);
    expect(bot.runner.jobs.every(({ state, told }) => state === 'completed' && told)).toBe(true);
    expect(bot.logged).toEqual([]);
  });

  it('follows what is said in a chat at once', async () => {
    const { clock, state } = world();
    const bot = await open({ clock, state });
    const control = bot.scheduling.desk.as({ platform: 'discord', id: '1', name: 'Ann' });
    const setting = { timeZone: 'UTC', jitterMs: 0, window: undefined, missed: 'run_once', enabled: true } as const;
    await control.set('app', 'hourly', null);
    await control.set('app', 'daily', { ...setting, cron: '40 1 * * *' });
    expect(control.nextRunOf('app')).toBe('2030-01-01T01:40:00.000Z');
    await clock.advance(HOUR_MS);
    expect(bot.runs.map(({ due }) => due)).toEqual(['2030-01-01T01:40:00.000Z']);
  });

  it('begins nothing in a bot that lives for one command, and leaves the change to the next', async () => {
    const { clock, state } = world();
    await (await open({ clock, state })).stop();
    await clock.advance(10 * MINUTE_MS);
    const short = await open({ clock, state }, { begins: false });
    const control = short.scheduling.desk.as({ platform: 'cli', id: 'root', name: 'root' });
    await control.set('app', 'hourly', null);
    await clock.advance(HOUR_MS);
    expect([short.runs, clock.sleeping]).toEqual([[], 0]);
    await short.stop();
    const next = await open({ clock, state: state.reopened() });
    await clock.advance(MINUTE_MS);
    expect(next.runs).toMatchObject([{ classes: ['daily'] }]);
  });

  it('gives up what runs when it stops, and takes it up again', async () => {
    const { clock, state } = world();
    const first = await open({ clock, state }, { hangs: true });
    await clock.advance(30 * MINUTE_MS);
    expect(first.runs).toHaveLength(1);
    await first.stop();
    expect(first.runner.jobs).toMatchObject([{ state: 'interrupted' }]);
    await clock.advance(20 * MINUTE_MS);
    expect(first.runs).toHaveLength(1);
    const second = await open({ clock, state: state.reopened() });
    await clock.advance(MINUTE_MS);
    expect(second.runs).toMatchObject([{ classes: ['hourly', 'daily'], due: '2030-01-01T02:00:00.000Z' }]);
    expect(second.events).toEqual([]);
  });
});
