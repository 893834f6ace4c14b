import { HoldfastError } from './errors.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Units by every spelling that is accepted, in milliseconds. A month is 30 days and a year 365: durations know no calendar. */
const UNIT_MS: ReadonlyMap<string, number> = new Map(
  [
    { ms: 1, names: ['ms', 'millisecond', 'milliseconds'] },
    { ms: SECOND_MS, names: ['s', 'sec', 'second', 'seconds'] },
    { ms: MINUTE_MS, names: ['m', 'min', 'minute', 'minutes'] },
    { ms: HOUR_MS, names: ['h', 'hour', 'hours'] },
    { ms: DAY_MS, names: ['d', 'day', 'days'] },
    { ms: 7 * DAY_MS, names: ['w', 'week', 'weeks'] },
    { ms: 30 * DAY_MS, names: ['mo', 'month', 'months'] },
    { ms: 365 * DAY_MS, names: ['y', 'year', 'years'] },
  ].flatMap(({ ms, names }) => names.map((name) => [name, ms] as const)),
);

const PART = /(\d+(?:\.\d+)?)\s*([a-z]+)/y;

function invalidDuration(text: string): HoldfastError {
  return new HoldfastError('usage', `${JSON.stringify(text)} is not a duration`, {
    advice: 'Write a number and a unit, such as 90s, 15 min, 72h, 30d, 2 weeks, 6 months or 1h30m.',
  });
}

/**
 * Milliseconds of a duration such as `72h`, `30d`, `6 months` or `1h30m`. `m` is a minute and `mo` a month.
 *
 * @throws HoldfastError `usage` when the text is anything else, a bare number included
 */
export function parseDuration(text: string): number {
  const wanted = text.trim().toLowerCase();
  let total = 0;
  let position = 0;
  do {
    PART.lastIndex = position;
    const [whole, count, unit] = PART.exec(wanted) ?? [];
    const unitMs = UNIT_MS.get(unit ?? '');
    if (whole === undefined || unitMs === undefined) throw invalidDuration(text);
    total += Number(count) * unitMs;
    position += whole.length;
    while (wanted[position] === ' ') position++;
  } while (position < wanted.length);
  if (!Number.isSafeInteger(Math.round(total))) throw invalidDuration(text);
  return Math.round(total);
}

/**
 * The share meant by a percentage: `10%` is 0.1.
 *
 * @throws HoldfastError `usage` unless the text is a number from 0 to 100 followed by `%`
 */
export function parsePercentage(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim());
  const share = Number(match?.[1]) / 100;
  if (match && share <= 1) return share;
  throw new HoldfastError('usage', `${JSON.stringify(text)} is not a percentage`, {
    advice: 'Write a number from 0 to 100 and a percent sign, such as 10%.',
  });
}

/** The two largest units of a duration in milliseconds: `1 d 2 h`, `4 min 5 s`; below a minute `12.3 s` or `850 ms`. */
export function formatDuration(durationMs: number): string {
  const ms = Math.round(durationMs);
  if (ms < SECOND_MS) return `${ms} ms`;
  if (ms < MINUTE_MS - 50) return `${(Math.round(ms / 100) / 10).toFixed(1)} s`;
  if (ms < HOUR_MS - 500) return inUnits(Math.round(ms / SECOND_MS), 60, 'min', 's');
  if (ms < DAY_MS - 30 * SECOND_MS) return inUnits(Math.round(ms / MINUTE_MS), 60, 'h', 'min');
  return inUnits(Math.round(ms / HOUR_MS), 24, 'd', 'h');
}

function inUnits(count: number, ratio: number, large: string, small: string): string {
  const rest = count % ratio;
  const head = `${Math.floor(count / ratio)} ${large}`;
  return rest === 0 ? head : `${head} ${rest} ${small}`;
}

const EXACT_UNITS = [
  [DAY_MS, 'd'],
  [HOUR_MS, 'h'],
  [MINUTE_MS, 'min'],
  [SECOND_MS, 's'],
] as const;

/** Milliseconds as `parseDuration` reads them back exactly: `12h`, `90s`, `1500ms`. */
export function exactDuration(durationMs: number): string {
  const [unitMs, unit] = EXACT_UNITS.find(([ms]) => durationMs > 0 && durationMs % ms === 0) ?? [1, 'ms'];
  return `${durationMs / unitMs}${unit}`;
}
