import { createHash } from 'node:crypto';
import { type Cron, parseCron } from '../../shared/cron.ts';
import { dueTimes, nextDue } from '../../shared/cron-times.ts';
import type { DayWindow } from '../../shared/day-window.ts';
import { openZone, type Zone } from '../../shared/zone.ts';

const MINUTE_MS = 60_000;
const MINUTES_A_DAY = 1440;
const DAY_MS = MINUTES_A_DAY * MINUTE_MS;

/** When something is due, and when it may begin then. */
export interface Timing {
  cron: string;
  timeZone: string;
  jitterMs: number;
  window: DayWindow | undefined;
}

export type Rule = Pick<Timing, 'cron' | 'timeZone'>;

/** Rules that were read, and the first due time after the moment that each was asked for last. */
const known = new Map<string, { cron: Cron; zone: Zone; afterMs: number; nextMs: number }>();
const MOST_KNOWN = 500;

/** Due times after `fromMs` and not after `toMs`, ascending. Quick where there are none, which is what a sweep finds nearly always. */
export function dueBetween(rule: Rule, fromMs: number, toMs: number): number[] {
  const found = read(rule);
  const { cron, zone } = found;
  if (found.afterMs !== fromMs) {
    found.afterMs = fromMs;
    found.nextMs = nextDue(cron, zone, fromMs, 1)[0] ?? Number.POSITIVE_INFINITY;
  }
  return found.nextMs > toMs ? [] : [...dueTimes(cron, zone, fromMs, toMs)];
}

function read({ cron, timeZone }: Rule): { cron: Cron; zone: Zone; afterMs: number; nextMs: number } {
  const key = `${cron} ${timeZone}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= MOST_KNOWN) known.clear();
  const fresh = { cron: parseCron(cron), zone: openZone(timeZone), afterMs: Number.NaN, nextMs: Number.NaN };
  known.set(key, fresh);
  return fresh;
}

/**
 * When what is due at `dueMs` may begin: in the window, and later by a part of the jitter that depends on `name` and the due time alone, so that it is the same
 * whenever it is asked for.
 */
export function readyAt(timing: Timing, name: string, dueMs: number): number {
  const openMs = isOpen(timing, dueMs) ? dueMs : nextOpening(timing, dueMs);
  if (timing.jitterMs === 0) return openMs;
  const jitteredMs = openMs + Math.floor(fraction(`${name}\n${dueMs}`) * timing.jitterMs);
  return isOpen(timing, jitteredMs) ? jitteredMs : openMs;
}

/** Whether something may begin now, as far as the window goes. */
export function isOpen({ window, timeZone }: Pick<Timing, 'window' | 'timeZone'>, ms: number): boolean {
  if (window === undefined) return true;
  const minute = Math.floor(openZone(timeZone).toWall(ms) / MINUTE_MS) % MINUTES_A_DAY;
  const { from, to } = window;
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** When the next `count` runs begin, after `afterMs`: fewer where several due times wait for one window. */
export function nextRuns(timing: Timing, name: string, afterMs: number, count: number): number[] {
  const { cron, zone } = read(timing);
  const due = nextDue(cron, zone, afterMs, count);
  return [...new Set(due.map((dueMs) => readyAt(timing, name, dueMs)))].sort((a, b) => a - b);
}

function nextOpening({ window, timeZone }: Timing, ms: number): number {
  const zone = openZone(timeZone);
  const today = Math.floor(zone.toWall(ms) / DAY_MS) * DAY_MS;
  const openings = [today, today + DAY_MS, today + 2 * DAY_MS].flatMap((day) => {
    const { times, gapEnd } = zone.whenShown(day + (window?.from ?? 0) * MINUTE_MS);
    return times[0] ?? gapEnd ?? [];
  });
  return openings.find((openMs) => openMs >= ms) ?? ms;
}

/** From 0 up to, not including, 1. */
function fraction(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32LE(0) / 2 ** 32;
}
