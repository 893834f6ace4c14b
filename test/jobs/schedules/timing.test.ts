import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueBetween, isOpen, nextRuns, readyAt, type Timing } from '../../../src/jobs/schedules/timing.ts';

const HOUR_MS = 3_600_000;
const at = (text: string): number => Date.parse(text);
const daily: Timing = { cron: '0 2 * * *', timeZone: 'UTC', jitterMs: 0, window: undefined };
const night = { from: 22 * 60, to: 6 * 60 };

describe('what is due may begin', () => {
  it('at once without window and jitter', () => {
    expect(readyAt(daily, 'app', at('2030-01-01T02:00Z'))).toBe(at('2030-01-01T02:00Z'));
  });

  it.each([
    ['2030-01-01T12:00Z', '2030-01-01T22:00Z'],
    ['2030-01-01T06:00Z', '2030-01-01T22:00Z'],
    ['2030-01-01T05:59Z', '2030-01-01T05:59Z'],
    ['2030-01-01T22:00Z', '2030-01-01T22:00Z'],
  ])('at the next beginning of its window: %s at %s', (due, ready) => {
    expect(readyAt({ ...daily, window: night }, 'app', at(due))).toBe(at(ready));
  });

  it('when the clocks are put forward over the beginning of its window', () => {
    const timing = { ...daily, timeZone: 'Europe/Zurich', window: { from: 150, to: 300 } };
    expect(readyAt(timing, 'app', at('2030-03-30T20:00Z'))).toBe(at('2030-03-31T01:00Z'));
  });

  it('later by less than the jitter, and within the window', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 1, max: 48 }), (hours, jitterHours) => {
        const dueMs = at('2030-01-01T00:00Z') + hours * HOUR_MS;
        const timing = { ...daily, jitterMs: jitterHours * HOUR_MS, window: night };
        const readyMs = readyAt(timing, 'app', dueMs);
        const openMs = readyAt({ ...timing, jitterMs: 0 }, 'app', dueMs);
        expect(readyMs).toBeGreaterThanOrEqual(openMs);
        expect(readyMs).toBeLessThan(openMs + timing.jitterMs);
        expect(isOpen(timing, readyMs)).toBe(true);
        expect(readyAt(timing, 'app', dueMs)).toBe(readyMs);
      }),
    );
  });
});

describe('due times', () => {
  it('are the same whether or not they were asked for before', () => {
    const rule = { cron: '*/20 * * * *', timeZone: 'Europe/Zurich' };
    const [from, to] = [at('2030-03-30T23:00Z'), at('2030-03-31T01:00Z')];
    const first = dueBetween(rule, from, to);
    expect(dueBetween(rule, from, from)).toEqual([]);
    expect(dueBetween(rule, from, to)).toEqual(first);
    expect(dueBetween(rule, from + HOUR_MS, to)).toEqual(first.slice(3));
    expect(first).toHaveLength(6);
  });
});

describe('the next runs', () => {
  it('are one where several due times wait for one window', () => {
    const hourly = { ...daily, cron: '0 * * * *', window: { from: 60, to: 120 } };
    expect(nextRuns(hourly, 'app', at('2030-01-01T10:30Z'), 5)).toEqual([at('2030-01-02T01:00Z')]);
  });
});
