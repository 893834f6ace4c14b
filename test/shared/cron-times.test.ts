import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCron } from '../../src/shared/cron.ts';
import { dueTimes, nextDue } from '../../src/shared/cron-times.ts';
import { openZone } from '../../src/shared/zone.ts';
import { cronModel } from './cron-model.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Due times as clocks of UTC show them, `03-31 01:00`. */
function due(text: string, zone: string, from: string, to: string): string[] {
  const times = dueTimes(parseCron(text), openZone(zone), Date.parse(from), Date.parse(to));
  return [...times].map((ms) => new Date(ms).toISOString().slice(5, 16).replace('T', ' '));
}

const inZurichSpring = (text: string) => due(text, 'Europe/Zurich', '2030-03-30T22:59Z', '2030-03-31T03:00Z');
const inZurichAutumn = (text: string) => due(text, 'Europe/Zurich', '2030-10-26T21:59Z', '2030-10-27T03:00Z');

describe('an expression is due', () => {
  it('after the beginning and up to the end', () => {
    expect(due('0 2 * * *', 'UTC', '2030-01-01T02:00Z', '2030-01-03T02:00Z')).toEqual(['01-02 02:00', '01-03 02:00']);
  });

  it('on the last day of every month', () => {
    expect(due('0 4 L * *', 'UTC', '2032-01-01T00:00Z', '2032-05-01T00:00Z')).toEqual([
      ...['01-31 04:00', '02-29 04:00', '03-31 04:00', '04-30 04:00'],
    ]);
  });

  it('on either day where both fields leave something out', () => {
    expect(due('0 0 13 * fri', 'UTC', '2030-09-01T00:00Z', '2030-09-21T00:00Z')).toEqual([
      ...['09-06 00:00', '09-13 00:00', '09-20 00:00'],
    ]);
    expect(due('0 0 10 * fri', 'UTC', '2030-09-01T00:00Z', '2030-09-14T00:00Z')).toEqual([
      ...['09-06 00:00', '09-10 00:00', '09-13 00:00'],
    ]);
  });

  it('at the end of the hour that is skipped in spring', () => {
    expect(inZurichSpring('30 2 * * *')).toEqual(['03-31 01:00']);
    expect(inZurichSpring('*/20 2 * * *')).toEqual(['03-31 01:00']);
    expect(inZurichSpring('0 2,3 * * *')).toEqual(['03-31 01:00']);
  });

  it('once in the hour that is shown twice in autumn', () => {
    expect(inZurichAutumn('30 2 * * *')).toEqual(['10-27 00:30']);
    expect(inZurichAutumn('0,30 1-3 * * *')).toEqual([
      ...['10-26 23:00', '10-26 23:30', '10-27 00:00', '10-27 00:30', '10-27 02:00', '10-27 02:30'],
    ]);
  });

  it('every real hour where every hour is meant', () => {
    expect(inZurichSpring('0 * * * *')).toEqual([
      ...['03-30 23:00', '03-31 00:00', '03-31 01:00', '03-31 02:00', '03-31 03:00'],
    ]);
    expect(inZurichAutumn('0 */1 * * *')).toEqual([
      ...['10-26 22:00', '10-26 23:00', '10-27 00:00', '10-27 01:00', '10-27 02:00', '10-27 03:00'],
    ]);
  });

  it('at the end of a midnight that is skipped', () => {
    expect(due('0 0 * * *', 'America/Santiago', '2030-09-07T12:00Z', '2030-09-09T12:00Z')).toEqual([
      ...['09-08 04:00', '09-09 03:00'],
    ]);
  });

  it('where clocks are changed by half an hour', () => {
    expect(due('15 2 * * *', 'Australia/Lord_Howe', '2030-10-05T12:00Z', '2030-10-06T12:00Z')).toEqual(['10-05 15:30']);
    expect(due('45 1 * * *', 'Australia/Lord_Howe', '2030-04-06T12:00Z', '2030-04-07T12:00Z')).toEqual(['04-06 14:45']);
  });

  it('at the end of a day that a zone leaves out', () => {
    expect(due('0 2 30 12 *', 'Pacific/Apia', '2011-12-01T00:00Z', '2012-01-31T00:00Z')).toEqual(['12-30 10:00']);
  });
});

describe('the next times', () => {
  it('are as many as are asked for', () => {
    const next = nextDue(parseCron('0 4 1 * *'), openZone('UTC'), Date.UTC(2030, 0, 15), 3);
    expect(next).toEqual([Date.UTC(2030, 1, 1, 4), Date.UTC(2030, 2, 1, 4), Date.UTC(2030, 3, 1, 4)]);
  });

  it('are found over the longest time without a 29 February', () => {
    expect(nextDue(parseCron('0 0 29 2 *'), openZone('UTC'), Date.UTC(2096, 1, 29), 1)).toEqual([
      Date.UTC(2104, 1, 29),
    ]);
  });
});

/** A zone with days around which its clocks are changed, and days on which they are not. */
const moments = fc.constantFrom(
  ...[
    { zone: 'Europe/Zurich', around: ['2030-03-31', '2030-10-27', '2030-06-15'] },
    { zone: 'America/New_York', around: ['2030-03-10', '2030-11-03'] },
    { zone: 'America/Santiago', around: ['2030-04-07', '2030-09-08'] },
    { zone: 'America/Havana', around: ['2030-03-10', '2030-11-03'] },
    { zone: 'Australia/Lord_Howe', around: ['2030-04-07', '2030-10-06'] },
    { zone: 'Africa/Casablanca', around: ['2030-01-01', '2030-02-10'] },
    { zone: 'America/St_Johns', around: ['2006-04-02', '2006-10-29'] },
    { zone: 'Asia/Kathmandu', around: ['2030-01-31'] },
    { zone: 'UTC', around: ['2030-02-28'] },
  ].flatMap(({ zone, around }) => around.map((day) => ({ zone, atMs: Date.parse(day) }))),
);

const field = (low: number, high: number): fc.Arbitrary<string> => {
  const number = fc.integer({ min: low, max: high });
  const range = fc.tuple(number, number).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const step = fc.integer({ min: 1, max: Math.min(high, 7) });
  const part = fc.oneof(
    number.map(String),
    range,
    fc.tuple(fc.oneof(fc.constant('*'), range), step).map(([whole, every]) => `${whole}/${every}`),
  );
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant('*') },
    part,
    fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(',')),
  );
};

const any = fc.constant('*');
const expressions = fc
  .tuple(
    fc.oneof(field(0, 59), fc.integer({ min: 0, max: 59 }).map(String)),
    fc.oneof(field(0, 23), fc.integer({ min: 0, max: 4 }).map(String)),
    fc.oneof(any, field(1, 31), fc.constant('L')),
    any,
    fc.oneof(any, field(0, 7)),
  )
  .map((fields) => fields.join(' '));

describe('for any expression, the due times', () => {
  it('are those of clocks that are read minute by minute, whatever is done to them', () => {
    fc.assert(
      fc.property(
        expressions,
        moments,
        fc.integer({ min: 0, max: 36 * 60 }),
        fc.integer({ min: 0, max: 48 * 60 }),
        (text, { zone, atMs }, before, length) => {
          const fromMs = atMs - before * MINUTE_MS;
          const toMs = fromMs + length * MINUTE_MS;
          const found = [...dueTimes(parseCron(text), openZone(zone), fromMs, toMs)];
          expect(found, `${text} in ${zone}`).toEqual(cronModel(text, zone, fromMs, toMs, atMs));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('are the same whether they are asked for at once or bit by bit', () => {
    fc.assert(
      fc.property(
        expressions,
        moments,
        fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 8 }),
        (text, at, steps) => {
          const [cron, zone] = [parseCron(text), openZone(at.zone)];
          let fromMs = at.atMs - 12 * HOUR_MS;
          const startMs = fromMs;
          const pieces: number[] = [];
          for (const step of steps) {
            pieces.push(...dueTimes(cron, zone, fromMs, fromMs + step * MINUTE_MS));
            fromMs += step * MINUTE_MS;
          }
          expect(pieces).toEqual([...dueTimes(cron, zone, startMs, fromMs)]);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('take no longer for a year than for a day each', () => {
    const year = [...dueTimes(parseCron('*/5 * * * *'), openZone('Europe/Zurich'), 0, 365 * DAY_MS)];
    expect(year).toHaveLength(365 * 288);
  });
});
