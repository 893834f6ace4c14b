import { HoldfastError } from './errors.ts';

/** A cron expression of five fields, read. Sets hold what is allowed; Sunday is 0. */
export interface Cron {
  /** As it was written, with single blanks. */
  text: string;
  minutes: ReadonlySet<number>;
  hours: ReadonlySet<number>;
  days: ReadonlySet<number>;
  /** `L` among the days: the last one of each month, whatever its number. */
  lastDay: boolean;
  /** 1 to 12. */
  months: ReadonlySet<number>;
  weekdays: ReadonlySet<number>;
}

interface CronField {
  name: string;
  low: number;
  high: number;
  /** What the numbers from `low` on may be called. */
  names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS = [
  { name: 'minute', low: 0, high: 59 },
  { name: 'hour', low: 0, high: 23 },
  { name: 'day', low: 1, high: 31 },
  { name: 'month', low: 1, high: 12, names: MONTHS },
  { name: 'weekday', low: 0, high: 7, names: WEEKDAYS },
] as const satisfies readonly CronField[];

/** February has 29 at times. */
const LONGEST_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const ALL_DAYS = 31;
const ALL_WEEKDAYS = 7;

const PART = /^([^/-]+)(?:-([^/-]+))?(?:\/(\d+))?$/;

/**
 * Reads `minute hour day month weekday`: each field is `*`, a number, a range `1-5`, either of `*` and a range with a step such as `8-18/2`, or a list of
 * these with commas; months and weekdays have names of three letters, Sunday is 0 or 7, and `L` is the last day of the month.
 *
 * @throws HoldfastError `usage` that names the field and what is wrong with it
 */
export function parseCron(given: string): Cron {
  const fields = given.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) {
    const found = given.trim() === '' ? 'none' : String(fields.length);
    throw new HoldfastError('usage', `must be five fields, not ${found}: minute, hour, day, month, weekday`, {
      advice: 'Every night at two is 0 2 * * *.',
    });
  }
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  const days = day.split(',').filter((part) => part.toUpperCase() !== 'L');
  const cron: Cron = {
    text: fields.join(' '),
    minutes: readField(FIELDS[0], minute),
    hours: readField(FIELDS[1], hour),
    days: days.length === 0 ? new Set() : readField(FIELDS[2], days.join(',')),
    lastDay: days.length < day.split(',').length,
    months: readField(FIELDS[3], month),
    weekdays: new Set([...readField(FIELDS[4], weekday)].map((number) => number % ALL_WEEKDAYS)),
  };
  if (hasAnyDay(cron)) return cron;
  throw new HoldfastError('usage', `is never due: day ${day} is in no month of ${month}`, {
    advice: 'Write L for the last day of a month.',
  });
}

/** Whether the day counts: one field of the two decides where the other leaves nothing out, and else either is enough. */
export function isDay(cron: Cron, { month, day, daysInMonth, weekday }: CalendarDay): boolean {
  if (!cron.months.has(month)) return false;
  const byDay = cron.days.has(day) || (cron.lastDay && day === daysInMonth);
  const byWeekday = cron.weekdays.has(weekday);
  if (leavesDaysOut(cron) && leavesWeekdaysOut(cron)) return byDay || byWeekday;
  return byDay && byWeekday;
}

export interface CalendarDay {
  /** 1 to 12. */
  month: number;
  day: number;
  daysInMonth: number;
  /** Sunday is 0. */
  weekday: number;
}

export const leavesDaysOut = ({ days }: Cron): boolean => days.size < ALL_DAYS;
export const leavesWeekdaysOut = ({ weekdays }: Cron): boolean => weekdays.size < ALL_WEEKDAYS;

function hasAnyDay(cron: Cron): boolean {
  if (cron.lastDay || leavesWeekdaysOut(cron)) return true;
  return [...cron.months].some((month) => Math.min(...cron.days) <= (LONGEST_MONTHS[month - 1] ?? 0));
}

function readField(field: CronField, written: string): Set<number> {
  return new Set(written.split(',').flatMap((part) => readPart(field, part)));
}

function readPart(field: CronField, part: string): number[] {
  const { low, high } = field;
  const [, first, last, step] = PART.exec(part) ?? [];
  if (first === undefined) throw wrong(field, part, 'is nothing that can be read');
  const isAll = first === '*';
  if ((isAll && last !== undefined) || (!isAll && last === undefined && step !== undefined)) {
    throw wrong(field, part, 'has a step without a range');
  }
  const from = isAll ? low : readNumber(field, first);
  const to = isAll ? Math.min(high, low + spanOf(field) - 1) : last === undefined ? from : readNumber(field, last);
  if (to < from) throw wrong(field, part, `ends before it begins; write ${from}-${high},${low}-${to}`);
  const every = Number(step ?? 1);
  if (every < 1 || every > spanOf(field)) throw wrong(field, part, `has a step that is not from 1 to ${spanOf(field)}`);
  const numbers: number[] = [];
  for (let number = from; number <= to; number += every) numbers.push(number);
  return numbers;
}

/** How many different values there are. */
const spanOf = ({ low, high, names }: CronField): number => names?.length ?? high - low + 1;

function readNumber(field: CronField, written: string): number {
  const { low, high, names } = field;
  const named = names?.indexOf(written.toLowerCase()) ?? -1;
  if (named >= 0) return low + named;
  const number = /^\d+$/.test(written) ? Number(written) : Number.NaN;
  if (number >= low && number <= high) return number;
  const called = names === undefined ? '' : ` or ${names[0]} to ${names.at(-1)}`;
  throw wrong(field, written, `is not from ${low} to ${high}${called}`);
}

function wrong({ name }: CronField, part: string, what: string): HoldfastError {
  return new HoldfastError('usage', `is no cron expression: in the field ${name}, ${part || 'nothing'} ${what}`, {
    advice: 'The fields are minute, hour, day, month and weekday: 0 2 * * * is every night at two.',
  });
}
