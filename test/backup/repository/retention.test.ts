import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyRetention, type RetentionItem } from '../../../src/backup/repository/retention.ts';
import type { RetentionPolicy, RetentionRuleSet } from '../../../src/backup/types.ts';
import { modelKept } from '../../helpers/retention-model.ts';
import { testSeed } from '../../helpers/seeded-random.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START = Date.UTC(2027, 11, 20);

function item(id: string, time: string | number, more: Partial<RetentionItem> = {}): RetentionItem {
  const text = typeof time === 'string' ? time : new Date(time).toISOString();
  const plain = { tags: [], classes: [], confirmed: true, damaged: false, pinned: false, trigger: 'schedule' };
  return { id, time: text, source: 'app', ...plain, ...more };
}

/** After all that is in these tests, but for what is said to come from the future. */
const NOW = Date.UTC(2040, 0, 1);

function rulesOf(items: readonly RetentionItem[], policy: RetentionPolicy, nowMs = NOW): Record<string, string[]> {
  return Object.fromEntries(applyRetention(items, policy, nowMs));
}

function keptIds(items: readonly RetentionItem[], policy: RetentionPolicy, nowMs = NOW): string[] {
  return [...applyRetention(items, policy, nowMs)].flatMap(([id, rules]) => (rules.length > 0 ? [id] : [])).sort();
}

describe('retention', () => {
  it('keeps the newest of each day and says by which rule', () => {
    const items = [
      item('a', '2030-03-01T08:00:00Z'),
      item('b', '2030-03-01T20:00:00Z'),
      item('c', '2030-03-02T08:00:00Z'),
      item('d', '2030-03-04T08:00:00Z'),
    ];
    expect(rulesOf(items, { daily: 2 })).toEqual({ a: [], b: [], c: ['daily 2'], d: ['daily 2', 'newest'] });
  });

  it('does not count days without a snapshot', () => {
    const items = [
      item('a', '2030-01-01T00:00:00Z'),
      item('b', '2030-06-01T00:00:00Z'),
      item('c', '2030-12-31T00:00:00Z'),
    ];
    expect(keptIds(items, { daily: 3 })).toEqual(['a', 'b', 'c']);
  });

  it('begins weeks on Monday and lets them cross the year', () => {
    // 30 December 2030 is the Monday of ISO week 1 of 2031.
    const items = [
      item('a', '2030-12-29T12:00:00Z'),
      item('b', '2030-12-30T12:00:00Z'),
      item('c', '2031-01-05T12:00:00Z'),
    ];
    expect(keptIds(items, { weekly: 5 })).toEqual(['a', 'c']);
  });

  it("cuts days where the policy's time zone does", () => {
    const items = [item('a', '2030-06-01T21:00:00Z'), item('b', '2030-06-01T23:00:00Z')];
    expect(keptIds(items, { daily: 5 })).toEqual(['b']);
    expect(keptIds(items, { daily: 5, timeZone: 'Europe/Zurich' })).toEqual(['a', 'b']);
  });

  it('tells the two hours apart that clocks repeat in autumn', () => {
    const items = [item('a', '2030-10-27T00:30:00Z'), item('b', '2030-10-27T01:30:00Z')];
    expect(keptIds(items, { hourly: 5, timeZone: 'Europe/Zurich' })).toEqual(['a', 'b']);
  });

  it('lets safety, pinned and unfinished snapshots fill no bucket', () => {
    const items = [
      item('a', '2030-01-01T00:00:00Z'),
      item('b', '2030-03-02T00:00:00Z', { pinned: true }),
      item('c', '2030-03-03T00:00:00Z', { confirmed: false }),
      item('d', '2030-03-04T00:00:00Z', { trigger: 'pre-restore' }),
    ];
    expect(rulesOf(items, { last: 1 })).toEqual({
      a: ['last 1'],
      b: ['pinned', 'newest'],
      c: ['unfinished'],
      d: ['safety'],
    });
  });

  it('keeps what a schedule of a class asked for as long as its longest class says', () => {
    const day = (number: number): string => new Date(Date.UTC(2030, 0, 1) - number * DAY_MS).toISOString();
    const items = [
      item('a', day(0), { classes: ['hourly'] }),
      item('b', day(7), { classes: ['hourly', 'daily'] }),
      item('c', day(8), { classes: ['daily'] }),
      item('d', day(30), { classes: ['daily', 'weekly'] }),
      item('e', day(31), { classes: ['weekly', 'toString'] }),
      item('f', day(365), { classes: ['monthly', 'monthly'] }),
      item('g', day(7), { trigger: 'manual' }),
    ];
    expect(rulesOf(items, { classes: { daily: 7 * DAY_MS, weekly: 30 * DAY_MS, monthly: 365 * DAY_MS } })).toEqual({
      a: ['newest'],
      b: ['scheduled daily for 7 d'],
      c: [],
      d: ['scheduled weekly for 30 d'],
      e: [],
      f: ['scheduled monthly for 365 d'],
      g: [],
    });
  });

  it('lets safety snapshots go after 30 days', () => {
    const items = [item('a', START, { trigger: 'pre-restore' }), item('b', START + 31 * DAY_MS)];
    expect(keptIds(items, { last: 1 })).toEqual(['b']);
  });

  it('looks at each source by itself', () => {
    const items = [item('a', START, { source: 'one' }), item('b', START + DAY_MS, { source: 'two' })];
    expect(keptIds(items, { last: 1 })).toEqual(['a', 'b']);
  });

  it('always keeps the newest finished snapshot of a source', () => {
    const items = [item('a', START), item('b', START + 1), item('c', START + 2, { confirmed: false })];
    expect(keptIds(items, {})).toEqual(['b', 'c']);
  });

  it('keeps the newest without known damage, too', () => {
    const items = [item('a', START), item('b', START + 1), item('c', START + 2, { damaged: true })];
    expect(rulesOf(items, { last: 1 })).toEqual({ a: [], b: ['newest good'], c: ['last 1', 'newest'] });
  });

  it('keeps by age, counted from the newest', () => {
    const items = [0, 1, 24, 47, 48, 49].map((hours) => item(`at ${hours}`, START + hours * HOUR_MS));
    expect(rulesOf(items, { withinHourly: DAY_MS, withinDaily: 2 * DAY_MS })).toEqual({
      'at 0': [],
      'at 1': ['daily for 2 d'],
      'at 24': [],
      'at 47': ['hourly for 1 d', 'daily for 2 d'],
      'at 48': ['hourly for 1 d'],
      'at 49': ['hourly for 1 d', 'daily for 2 d', 'newest'],
    });
  });

  it('counts no age from a snapshot that claims to be from the future', () => {
    const items = [item('a', START), item('b', START + DAY_MS), item('c', START + 9000 * DAY_MS)];
    expect(keptIds(items, { within: 2 * DAY_MS }, START + 2 * DAY_MS)).toEqual(['a', 'b', 'c']);
    expect(keptIds(items, { within: 2 * DAY_MS }, START + 9001 * DAY_MS)).toEqual(['c']);
  });

  it('keeps what was made for a reason for its time, and lets it count like all others', () => {
    const items = [
      item('a', START),
      item('b', START + HOUR_MS, { trigger: 'pre-migration' }),
      item('c', START + 365 * DAY_MS),
    ];
    const policy = { daily: 2, triggers: { 'pre-migration': 365 * DAY_MS } };
    expect(rulesOf(items, policy)).toEqual({
      a: [],
      b: ['daily 2', 'pre-migration for 365 d'],
      c: ['daily 2', 'newest'],
    });
    const later = [...items, item('d', START + 366 * DAY_MS), item('e', START + 367 * DAY_MS)];
    expect(keptIds(later, policy)).toEqual(['d', 'e']);
  });

  it('keeps all with a tag', () => {
    const items = [item('a', START, { tags: ['release', 'x'] }), item('b', START + 1), item('c', START + 2)];
    expect(rulesOf(items, { last: 1, tags: ['release'] })).toMatchObject({ a: ['tag release'], b: [] });
  });

  it('has rules of its own for a source, and those of all for the others', () => {
    const items = ['app', 'db', 'constructor'].flatMap((source) =>
      [1, 2, 3].map((day) => item(`${source} ${day}`, START + day * DAY_MS, { source })),
    );
    expect(keptIds(items, { daily: 1, sources: { db: { daily: 2 } } })).toEqual([
      'app 3',
      'constructor 3',
      'db 2',
      'db 3',
    ]);
  });

  it('agrees with a model that was written from the rules alone', () => {
    const seed = testSeed();
    const now = fc.integer({ min: START - DAY_MS, max: START + 1000 * DAY_MS });
    const cases = fc.constantFrom(...MOMENTS).chain((moment) => fc.array(itemArbitrary(moment), { maxLength: 40 }));
    fc.assert(
      fc.property(cases, policyArbitrary(), now, (drawn, policy, nowMs) => {
        const items = drawn.map((one, i) => ({ ...one, id: `${i}`.padStart(3, '0') }));
        const expected = ['app', 'db'].flatMap((source) => {
          const own = items.filter((one) => one.source === source);
          return modelKept(own, policy.sources?.[source] ?? policy, nowMs);
        });
        expect(keptIds(items, policy, nowMs)).toEqual(expected.sort());
      }),
      { seed, numRuns: 600 },
    );
  });
});

/** With clocks that are changed on Sunday night, at midnight or by half an hour, and zones that are odd or far from UTC. */
const ZONES = [
  'UTC',
  'Europe/Zurich',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Pacific/Kiritimati',
  'America/Havana',
];

/** Moments around which something happens in one of these zones: changed clocks, the ends of years. */
const MOMENTS = [
  '2028-01-01T00:00Z',
  '2028-03-26T01:00Z',
  '2028-10-29T01:00Z',
  '2028-03-12T07:00Z',
  '2028-11-05T06:00Z',
  '2028-04-01T15:00Z',
  '2028-09-30T15:30Z',
  '2029-12-31T00:00Z',
].map((text) => Date.parse(text));

/** Mostly within days of `moment`, so that many share a day or an hour. */
function itemArbitrary(moment: number): fc.Arbitrary<RetentionItem> {
  return fc
    .record({
      ms: fc.oneof(
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 900 * DAY_MS }).map((offset) => START + offset) },
        { weight: 1, arbitrary: fc.integer({ min: -15, max: 15 }).map((days) => moment + days * DAY_MS) },
        { weight: 2, arbitrary: fc.integer({ min: -30, max: 30 }).map((quarters) => moment + quarters * 15 * 60_000) },
      ),
      source: fc.constantFrom('app', 'db'),
      tags: fc.constantFrom([], [], [], [], ['keep', 'other'], ['other']),
      trigger: fc.constantFrom(...Array(6).fill('schedule'), 'manual', 'pre-migration', 'pre-restore'),
      classes: fc.subarray(['hourly', 'daily', 'weekly', 'monthly']),
      pinned: oneIn(12),
      damaged: oneIn(6),
      unfinished: oneIn(12),
    })
    .map(({ ms, unfinished, ...more }) => item('', ms, { ...more, confirmed: !unfinished }));
}

const oneIn = (count: number): fc.Arbitrary<boolean> => fc.nat(count - 1).map((n) => n === 0);

function policyArbitrary(): fc.Arbitrary<RetentionPolicy> {
  const rules = rulesArbitrary();
  return fc.tuple(rules, fc.option(rules, { nil: undefined })).map(([others, own]) => ({
    ...others,
    ...(own && { sources: { db: own } }),
  }));
}

/** Few rules at once: many together keep nearly everything, and then nothing shows. */
function rulesArbitrary(): fc.Arbitrary<RetentionRuleSet> {
  const count = rarely(fc.integer({ min: 0, max: 8 }));
  const span = rarely(fc.oneof(spanOf(HOUR_MS, 100), spanOf(DAY_MS, 400)));
  return fc.record({
    last: count,
    hourly: count,
    daily: count,
    weekly: count,
    monthly: count,
    yearly: count,
    within: span,
    withinHourly: span,
    withinDaily: span,
    withinWeekly: span,
    withinMonthly: span,
    withinYearly: span,
    tags: rarely(fc.constant(['keep'])),
    triggers: rarely(
      fc.constantFrom({ 'pre-migration': 365 * DAY_MS }, { manual: 30 * DAY_MS, 'pre-migration': DAY_MS }),
    ),
    classes: rarely(
      fc.constantFrom({ daily: 7 * DAY_MS, weekly: 30 * DAY_MS, monthly: 365 * DAY_MS }, { hourly: DAY_MS }),
    ),
    timeZone: fc.constantFrom(...ZONES),
  }) as fc.Arbitrary<RetentionRuleSet>;
}

const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const spanOf = (unitMs: number, most: number): fc.Arbitrary<number> =>
  fc.integer({ min: 0, max: most }).map((units) => units * unitMs);
