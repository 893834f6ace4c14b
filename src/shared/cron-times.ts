import { type Cron, isDay } from './cron.ts';
import type { WallTime, Zone } from './zone.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const ALL_HOURS = 24;
/** 29 February is absent from 1 March 2096 to 28 February 2104. */
const LONGEST_WAIT_DAYS = 8 * 366 + 31;

/**
 * When an expression is due, after `fromMs` and not after `toMs`, ascending. The zone's clocks decide, and where they are changed:
 *
 * - A time that they skip is due once, at the moment at which they are put forward; several such times are then due together.
 * - A time that they show twice is due once, the first time.
 * - An expression with every hour of the day, such as `0 * * * *`, is about real hours: it is due whenever the clocks show one of its times, so an hour
 *   that is shown twice has it twice, and one that is skipped not at all.
 */
export function* dueTimes(cron: Cron, zone: Zone, fromMs: number, toMs: number): Generator<number> {
  const isHourly = cron.hours.size === ALL_HOURS;
  // An hour that is skipped or shown twice can move a time into the next day, or keep the clocks of two days mixed.
  const firstDay = startOfDay(zone.toWall(fromMs)) - DAY_MS;
  const lastDay = startOfDay(zone.toWall(toMs)) + DAY_MS;
  let lastMs = fromMs;
  let waiting: number[] = [];
  for (let day = firstDay; day <= lastDay; day += DAY_MS) {
    waiting = [...waiting, ...timesOfDay(cron, zone, day, isHourly)].sort((a, b) => a - b);
    if (waiting.length === 0) continue;
    // What comes later than this could still be overtaken by a time of the next day.
    const settledMs = day === lastDay ? Number.POSITIVE_INFINITY : earliestOf(zone, day + DAY_MS);
    while (waiting[0] !== undefined && waiting[0] < settledMs) {
      const due = waiting.shift() as number;
      if (due > toMs) return;
      if (due > lastMs) {
        yield due;
        lastMs = due;
      }
    }
  }
}

/** The first `count` times after `afterMs`. */
export function nextDue(cron: Cron, zone: Zone, afterMs: number, count: number): number[] {
  return [...dueTimes(cron, zone, afterMs, afterMs + LONGEST_WAIT_DAYS * DAY_MS).take(count)];
}

/** All times of a day that the clocks show, in the order of the clocks. */
function timesOfDay(cron: Cron, zone: Zone, day: WallTime, isHourly: boolean): number[] {
  if (!isDay(cron, calendarDay(day))) return [];
  return [...cron.hours].flatMap((hour) =>
    [...cron.minutes].flatMap((minute) => {
      const { times, gapEnd } = zone.whenShown(day + hour * HOUR_MS + minute * MINUTE_MS);
      if (isHourly) return times;
      return times[0] ?? gapEnd ?? [];
    }),
  );
}

/** When a day begins at the earliest, also where its first hours are shown twice or not at all. */
function earliestOf(zone: Zone, day: WallTime): number {
  const { times, gapEnd } = zone.whenShown(day);
  return times[0] ?? gapEnd ?? day;
}

const startOfDay = (wall: WallTime): WallTime => Math.floor(wall / DAY_MS) * DAY_MS;

function calendarDay(day: WallTime): Parameters<typeof isDay>[1] {
  const date = new Date(day);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return {
    month: month + 1,
    day: date.getUTCDate(),
    daysInMonth: new Date(Date.UTC(year, month + 1, 0)).getUTCDate(),
    weekday: date.getUTCDay(),
  };
}
