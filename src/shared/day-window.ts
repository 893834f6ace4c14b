import { HoldfastError } from './errors.ts';

/** A part of the day, in minutes since midnight; `to` below `from` crosses midnight. */
export interface DayWindow {
  from: number;
  to: number;
}

const MINUTES_A_DAY = 1440;
const WRITTEN = /^(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)$/;

/**
 * A part of the day, written as `22:00-06:00`.
 *
 * @throws HoldfastError `usage` when the text is anything else, or a part without a minute
 */
export function parseDayWindow(text: string): DayWindow {
  const [, fromHour, fromMinute, toHour, toMinute] = WRITTEN.exec(text.trim()) ?? [];
  const from = Number(fromHour) * 60 + Number(fromMinute);
  const to = Number(toHour) * 60 + Number(toMinute);
  const sound = [fromMinute, toMinute].every((minute) => Number(minute) < 60);
  if (sound && from < MINUTES_A_DAY && to <= MINUTES_A_DAY && from !== to) return { from, to };
  throw new HoldfastError('usage', 'must be a part of a day such as 22:00-06:00');
}

/** As it is written: `22:00-06:00`. */
export function formatDayWindow({ from, to }: DayWindow): string {
  const clock = (minutes: number): string =>
    [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
  return `${clock(from)}-${clock(to)}`;
}
