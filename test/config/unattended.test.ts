import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.ts';
import type { HoldfastError } from '../../src/shared/errors.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A configuration of one source, with more keys of it and more of all. */
const written = (source = '', all = ''): string => `version: 1
repository: { store: /r, passphrase: { env: P } }
sources:
  app:
    files: { paths: [/data] }
${source.replace(/^(?=.)/gm, '    ')}
platforms: { console: true }
${all}`;

const read = (source?: string, all?: string) => parseConfig(written(source, all), '/etc/holdfast.yaml').unattended;
const careOf = (source?: string, all?: string) => read(source, all).sources.app;

function problem(source: string, all = ''): string {
  try {
    read(source, all);
  } catch (error) {
    return (error as HoldfastError).message;
  }
  throw new Error('it was taken');
}

describe('what runs by itself', () => {
  it('is complete when nothing is said', () => {
    const setting = {
      ...{ timeZone: 'UTC', jitterMs: 0, window: undefined, missed: 'run_once', enabled: true },
      writtenAt: undefined,
    };
    expect(read()).toEqual({
      timeZone: 'UTC',
      sources: {
        app: {
          schedules: {
            hourly: { ...setting, cron: '0 * * * *' },
            daily: { ...setting, cron: '0 2 * * *' },
            weekly: { ...setting, cron: '0 3 * * 0' },
            monthly: { ...setting, cron: '0 4 1 * *' },
          },
          retention: {
            last: 0,
            periods: { hourly: { count: 24 }, daily: { count: 7 }, weekly: { count: 4 }, monthly: { count: 12 } },
            tags: [],
            triggers: { 'pre-migration': 365 * DAY_MS },
            classes: {},
          },
          freshness: { freshMs: 6 * HOUR_MS, staleMs: DAY_MS },
          bytesPerSecond: undefined,
          timeoutMs: 12 * HOUR_MS,
          hooks: {},
          anomalies: true,
          ping: undefined,
        },
      },
      jobs: { atOnce: 2, retries: 3 },
      maintenance: { forget: '0 3 * * *', prune: '30 3 * * *', verify: '0 5 * * 0', graceMs: 72 * HOUR_MS },
      storage: { capBytes: 5 * 1024 ** 3, warnAt: [80, 90, 95], trusted: true },
      digest: '0 8 * * *',
      contacts: [],
      http: undefined,
    });
  });

  it('takes what a source says, else what is said for all, else the default', () => {
    const own = "schedules: { hourly: false, daily: { cron: '15 1 * * *', window: '22:00-06:00', jitter: 5 min } }";
    const all = "timeZone: Europe/Zurich\nmissed: alert\nschedules: { weekly: '0 5 * * 1', daily: '0 9 * * *' }";
    expect(careOf(own, all)?.schedules).toMatchObject({
      daily: { cron: '15 1 * * *', window: { from: 1320, to: 360 }, jitterMs: 300_000, timeZone: 'Europe/Zurich' },
      weekly: { cron: '0 5 * * 1', missed: 'alert' },
      monthly: { cron: '0 4 1 * *' },
    });
    expect(careOf(own, all)?.schedules).not.toHaveProperty('hourly');
  });

  it('knows where each schedule is written', () => {
    const schedules = careOf("schedules: { daily: '15 1 * * *' }", "schedules: { weekly: ' 0  5 * * 1' }")?.schedules;
    expect(schedules?.daily?.writtenAt).toBe('sources.app.schedules.daily');
    expect(schedules?.weekly).toMatchObject({ writtenAt: 'schedules.weekly', cron: '0 5 * * 1' });
    expect(schedules?.monthly?.writtenAt).toBeUndefined();
  });

  it('tells where a wrong cron expression is, and what is wrong with it', () => {
    expect(problem("schedules: { daily: '0 25 * * *' }")).toMatch(
      /^\/etc\/holdfast.yaml:6:18: sources.app.schedules.daily: is no cron expression: in the field hour, 25 is not from 0 to 23/,
    );
    expect(problem('', "maintenance: { prune: '0 3 31 2 *' }")).toContain('8:16: maintenance.prune: is never due');
    expect(problem('', "digest: '8 am'")).toContain('digest: must be five fields, not 2');
  });

  it('is fresh no longer than until it is stale', () => {
    const says = 'freshness: fresh (2 d) is longer than stale (1 d)';
    expect(problem('freshness: { fresh: 2d }')).toContain(`6:5: sources.app.${says}`);
    expect(problem('', 'freshness: { fresh: 2d }')).toContain(`8:1: ${says}`);
    expect(careOf('freshness: { fresh: 1d }')?.freshness).toEqual({ freshMs: DAY_MS, staleMs: DAY_MS });
  });

  it('keeps by count and by age', () => {
    const rules = careOf('retention: { hourly: 24h, daily: 30d, weekly: 6 months, last: 3 }')?.retention;
    expect(rules).toMatchObject({
      last: 3,
      periods: { hourly: { forMs: DAY_MS }, daily: { forMs: 30 * DAY_MS }, weekly: { forMs: 180 * DAY_MS } },
    });
  });

  it('has hooks, whose secrets are references', () => {
    const hooks = careOf(
      'hooks: { before: { command: [/bin/flush, all], env: { TOKEN: { file: ./token }, MODE: fast } } }',
    );
    expect(hooks?.hooks).toEqual({
      before: {
        command: ['/bin/flush', 'all'],
        shell: false,
        timeoutMs: 300_000,
        env: { TOKEN: { file: '/etc/token' }, MODE: 'fast' },
      },
    });
  });

  it('trusts no store that is no folder unless told', () => {
    const remote = (more: string) =>
      parseConfig(written('', more).replace('store: /r', 'store: s3://bucket'), '/etc/holdfast.yaml').unattended
        .storage;
    expect(remote('').trusted).toBe(false);
    expect(remote('storage: { trusted: true, cap: false }')).toMatchObject({ trusted: true, capBytes: undefined });
  });

  it('tells several channels what each wants to hear', () => {
    const config = parseConfig(
      written('', "notify: { discord: [{ channel: '1', from: warning }, { channel: '2' }] }").replace(
        'console: true',
        'console: true, discord: { token: { env: T } }',
      ),
      '/etc/holdfast.yaml',
    );
    expect(config.routes).toEqual([
      { platform: 'discord', channel: '1', from: 'warning' },
      { platform: 'discord', channel: '2', from: 'info' },
    ]);
    expect(config.notify).toEqual({ discord: '1' });
  });

  it.each([
    { source: "schedules: { daily: 'every day' }", all: '', says: 'daily: must be five fields' },
    { source: 'schedules: { daily: 7 }', all: '', says: 'must be a cron expression' },
    { source: "schedules: { daily: { corn: '0 2 * * *' } }", all: '', says: 'daily.corn: is not known' },
    { source: '', all: 'timeZone: Mars/Olympus', says: 'timeZone: is no time zone' },
    {
      source: "schedules: { daily: { cron: '0 2 * * *', window: '25:00-26:00' } }",
      all: '',
      says: 'daily.window: must be a part of a day',
    },
    { source: 'retention: { daily: 5 parsecs }', all: '', says: 'must be a number, or how long' },
    { source: 'retention: { classes: { daily: 0s } }', all: '', says: 'retention: keeps nothing' },
    { source: 'retention: { classes: { yearly: 1 year } }', all: '', says: 'classes' },
    { source: 'retention: { daily: 0, triggers: { manual: 1d } }', all: '', says: 'retention: keeps nothing' },
    { source: '', all: 'retention: {}', says: 'retention: keeps nothing' },
    { source: 'rate: fast', all: '', says: 'must be a size' },
    { source: 'hooks: { before: { command: [] } }', all: '', says: 'names no program' },
    { source: 'timeout: 5', all: '', says: 'timeout: must be text' },
    { source: 'timeout: soon', all: '', says: 'is not a duration' },
  ])('is refused with $source$all', ({ source, all, says }) => {
    expect(problem(source, all)).toContain(says);
  });
});
