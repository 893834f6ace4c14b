import { describe, expect, it } from 'vitest';
import { Schedules } from '../../../src/jobs/schedules/schedules.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { MemoryState } from '../../helpers/memory-state.ts';
import { unattendedOf } from '../../helpers/unattended.ts';

const ANN = { platform: 'discord', id: '1', name: 'Ann' };

function open(source = '', all = '', state = new MemoryState()) {
  const { sources } = unattendedOf({ app: source }, all);
  return { state, schedules: new Schedules({ sources, state, clock: new ManualClock() }) };
}

const later = { jitterMs: 0, window: undefined, missed: 'run_once', enabled: true, timeZone: 'UTC' } as const;

describe('the schedules', () => {
  it('are those of the configuration, each with where that is said', () => {
    const { schedules } = open(
      "schedules: { daily: '0 5 * * *' }",
      "schedules: { weekly: '0 6 * * 1', monthly: false }",
    );
    expect(schedules.all).toMatchObject([
      { source: 'app', class: 'hourly', cron: '0 * * * *', origin: { from: 'default' } },
      { class: 'daily', cron: '0 5 * * *', origin: { from: 'file', key: 'sources.app.schedules.daily' } },
      { class: 'weekly', cron: '0 6 * * 1', origin: { from: 'file', key: 'schedules.weekly' } },
    ]);
    expect(schedules.all).toHaveLength(3);
  });

  it('are what somebody said in a chat since, over a restart too', async () => {
    const { schedules, state } = open();
    await schedules.set('app', 'daily', { ...later, cron: '0 9 * * *', window: { from: 60, to: 120 } }, ANN);
    await schedules.set('app', 'monthly', null, ANN);
    const { schedules: again } = open('', '', state.reopened());
    expect(again.find('app', 'daily')).toEqual({
      ...later,
      source: 'app',
      class: 'daily',
      cron: '0 9 * * *',
      window: { from: 60, to: 120 },
      origin: { from: 'chat', by: ANN, at: '2030-01-01T00:00:00.000Z' },
    });
    expect(again.find('app', 'monthly')).toBeUndefined();
    expect(await again.dropOutdated()).toEqual([]);
  });

  it('are those of the file again when it says something new', async () => {
    const { schedules, state } = open();
    await schedules.set('app', 'daily', { ...later, cron: '0 9 * * *' }, ANN);
    await schedules.set('app', 'weekly', { ...later, cron: '0 9 * * 1' }, ANN);
    const { schedules: again } = open("schedules: { daily: '0 7 * * *' }", '', state.reopened());
    expect(again.find('app', 'daily')).toMatchObject({ cron: '0 7 * * *', origin: { from: 'file' } });
    expect(again.find('app', 'weekly')).toMatchObject({ cron: '0 9 * * 1', origin: { from: 'chat' } });
    expect(await again.dropOutdated()).toEqual([
      'What Ann said of the schedule app/daily on 2030-01-01 ends: the configuration says something new of it',
    ]);
    expect(await again.dropOutdated()).toEqual([]);
  });

  it('stay as somebody said where the file says the same in another place', async () => {
    const { schedules, state } = open();
    await schedules.set('app', 'daily', { ...later, cron: '0 9 * * *' }, ANN);
    const { schedules: again } = open("schedules: { daily: '0  2 * * *' }", '', state.reopened());
    expect(again.find('app', 'daily')).toMatchObject({ cron: '0 9 * * *', origin: { from: 'chat' } });
  });

  it('come from the file where somebody says what it says', async () => {
    const { schedules, state } = open();
    await schedules.set('app', 'daily', null, ANN);
    await schedules.set('app', 'daily', { ...later, cron: '0 2 * * *' }, ANN);
    expect(schedules.find('app', 'daily')?.origin).toEqual({ from: 'default' });
    expect(state.document.unattended.scheduleChanges).toEqual({});
  });

  it('may be made in a chat where the file wants none', async () => {
    const { schedules } = open('schedules: { daily: false }');
    expect(schedules.find('app', 'daily')).toBeUndefined();
    await schedules.set('app', 'daily', { ...later, cron: '0 9 * * *' }, ANN);
    expect(schedules.find('app', 'daily')).toMatchObject({ cron: '0 9 * * *' });
  });

  it('of a source that is gone are forgotten', async () => {
    const { schedules, state } = open();
    await schedules.set('app', 'daily', null, ANN);
    const { sources } = unattendedOf({ shop: '' });
    const others = new Schedules({ sources, state, clock: new ManualClock() });
    expect(await others.dropOutdated()).toHaveLength(1);
  });
});
