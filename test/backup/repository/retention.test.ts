import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyRetention, type RetentionItem } from '../../../src/backup/repository/retention.ts';
import type { RetentionPolicy } from '../../../src/backup/types.ts';
import { testSeed } from '../../helpers/seeded-random.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START = Date.UTC(2027, 11, 20);

function item(id: string, time: string | number, more: Partial<RetentionItem> = {}): RetentionItem {
  const text = typeof time === 'string' ? time : new Date(time).toISOString();
  return { id, time: text, source: 'app', tags: [], confirmed: true, pinned: false, safety: false, ...more };
}

function keptIds(items: readonly RetentionItem[], policy: RetentionPolicy): string[] {
  return [...applyRetention(items, policy)].flatMap(([id, rules]) => (rules.length > 0 ? [id] : [])).sort();
}

describe('retention', () => {
  it('keeps the newest of each day and says by which rule', () => {
    const items = [
      item('a', '2030-03-01T08:00:00Z'),
      item('b', '2030-03-01T20:00:00Z'),
      item('c', '2030-03-02T08:00:00Z'),
      item('d', '2030-03-04T08:00:00Z'),
    ];
    const kept = applyRetention(items, { daily: 2 });
    expect(Object.fromEntries(kept)).toEqual({ a: [], b: [], c: ['daily 2'], d: ['daily 2', 'newest'] });
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
      item('d', '2030-03-04T00:00:00Z', { safety: true }),
    ];
    const kept = applyRetention(items, { last: 1 });
    expect(Object.fromEntries(kept)).toEqual({
      a: ['last 1'],
      b: ['pinned', 'newest'],
      c: ['unfinished'],
      d: ['safety'],
    });
  });

  it('lets safety snapshots go after 30 days', () => {
    const items = [item('a', START, { safety: true }), item('b', START + 31 * DAY_MS)];
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

  it('agrees with a model that counts by brute force', () => {
    const seed = testSeed();
    fc.assert(
      fc.property(fc.array(itemArbitrary(), { maxLength: 40 }), policyArbitrary(), (drawn, policy) => {
        const items = drawn.map((one, i) => ({ ...one, id: `${i}`.padStart(3, '0') }));
        expect(keptIds(items, policy)).toEqual(modelKept(items, policy));
      }),
      { seed, numRuns: 300 },
    );
  });
});

function itemArbitrary(): fc.Arbitrary<RetentionItem> {
  return fc
    .record({
      offset: fc.oneof(
        fc.integer({ min: 0, max: 900 * DAY_MS }),
        fc.integer({ min: 0, max: 40 }).map((days) => days * DAY_MS),
      ),
      source: fc.constantFrom('app', 'db'),
      tags: fc.subarray(['keep', 'other']),
      flags: fc.record({
        pinned: fc.nat(9).map((n) => n === 0),
        safety: fc.nat(5).map((n) => n === 0),
      }),
      unfinished: fc.nat(9).map((n) => n === 0),
    })
    .map(({ offset, source, tags, flags, unfinished }) =>
      item('', START + offset, { source, tags, ...flags, confirmed: !unfinished }),
    );
}

function policyArbitrary(): fc.Arbitrary<RetentionPolicy> {
  const count = fc.option(fc.nat(6), { nil: undefined });
  const span = fc.option(
    fc.integer({ min: 0, max: 400 }).map((days) => days * DAY_MS),
    { nil: undefined },
  );
  return fc.record({
    last: count,
    hourly: count,
    daily: count,
    weekly: count,
    monthly: count,
    yearly: count,
    within: span,
    withinDaily: span,
    withinWeekly: span,
    withinMonthly: span,
    tags: fc.subarray(['keep']),
  }) as fc.Arbitrary<RetentionPolicy>;
}

/** Where the bucket of a moment begins, in UTC: by arithmetic on days instead of by names of dates. */
const BUCKET_STARTS: Record<string, (ms: number) => number> = {
  hour: (ms) => ms - (ms % HOUR_MS),
  day: (ms) => ms - (ms % DAY_MS),
  // 1 January 1970 was a Thursday: weeks begin three days before.
  week: (ms) => Math.floor((ms / DAY_MS + 3) / 7),
  month: (ms) => new Date(ms).getUTCFullYear() * 12 + new Date(ms).getUTCMonth(),
  year: (ms) => new Date(ms).getUTCFullYear(),
};

/** A snapshot is kept by a count when it is the newest of its bucket and fewer than that many buckets with snapshots are newer. */
function modelKept(items: readonly RetentionItem[], policy: RetentionPolicy): string[] {
  const time = ({ time: text }: RetentionItem): number => Date.parse(text);
  const isNewer = (a: RetentionItem, b: RetentionItem): boolean =>
    time(a) > time(b) || (time(a) === time(b) && a.id > b.id);
  const keeps = (one: RetentionItem): boolean => {
    const finished = items.filter((other) => other.source === one.source && other.confirmed);
    const counted = finished.filter(({ pinned, safety }) => !pinned && !safety);
    if (one.pinned || !one.confirmed || one.tags.some((tag) => policy.tags?.includes(tag))) return true;
    const ordinary = finished.filter(({ safety }) => !safety);
    if (
      !(ordinary.length > 0 ? ordinary : finished).some((other) => isNewer(other, one)) &&
      (!one.safety || ordinary.length === 0)
    )
      return true;
    const newest = Math.max(...finished.map(time));
    if (one.safety && time(one) >= newest - 30 * DAY_MS) return true;
    if (policy.within !== undefined && time(one) >= newest - policy.within) return true;
    if (one.safety) return false;
    const isFirst = (among: RetentionItem[], bucket: (ms: number) => number): boolean =>
      !among.some((other) => isNewer(other, one) && bucket(time(other)) === bucket(time(one)));
    const newerBuckets = (bucket: (ms: number) => number): number =>
      new Set(counted.filter((other) => isNewer(other, one)).map((other) => bucket(time(other)))).size;
    if (counted.filter((other) => isNewer(other, one)).length < (policy.last ?? 0)) return true;
    const counts = {
      hour: policy.hourly,
      day: policy.daily,
      week: policy.weekly,
      month: policy.monthly,
      year: policy.yearly,
    };
    const spans = { day: policy.withinDaily, week: policy.withinWeekly, month: policy.withinMonthly };
    const byCount = Object.entries(counts).some(([name, most]) => {
      const bucket = BUCKET_STARTS[name] as (ms: number) => number;
      return isFirst(counted, bucket) && newerBuckets(bucket) < (most ?? 0);
    });
    const bySpan = Object.entries(spans).some(([name, span]) => {
      if (span === undefined || time(one) < newest - span) return false;
      return isFirst(counted, BUCKET_STARTS[name] as (ms: number) => number);
    });
    return byCount || bySpan;
  };
  return items
    .filter(keeps)
    .map(({ id }) => id)
    .sort();
}
