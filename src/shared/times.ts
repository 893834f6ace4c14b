import { parseDuration } from './durations.ts';
import { HoldfastError } from './errors.ts';

const ABSOLUTE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))?\s*(z|utc|[+-]\d\d:?\d\d)?$/i;

/**
 * A moment as ISO 8601 in UTC with milliseconds. Accepts `now`, `2h ago`, `2026-11-20`, `2026-11-20 14:05[:30]` and
 * the same with `Z`, `UTC` or an offset; without one the machine's own zone is meant.
 *
 * @param nowMs what `ago` counts from, in milliseconds since 1970
 * @param day which end of a date without a time is meant
 * @throws HoldfastError `usage` when the text is anything else or no such time exists
 */
export function parseTime(text: string, nowMs: number, day: 'start' | 'end'): string {
  const wanted = text.trim();
  if (/^now$/i.test(wanted)) return new Date(nowMs).toISOString();
  const ago = /^(.+)\s+ago$/i.exec(wanted)?.[1];
  const moment = ago === undefined ? absolute(wanted, day) : new Date(nowMs - parseDuration(ago));
  if (moment !== undefined && !Number.isNaN(moment.getTime())) return moment.toISOString();
  throw new HoldfastError('usage', `${JSON.stringify(text)} is not a time`, {
    advice: 'Write 2026-11-20, "2026-11-20 14:05", 2026-11-20T14:05:00Z, or "2h ago".',
  });
}

function absolute(text: string, day: 'start' | 'end'): Date | undefined {
  const [, date, clock, zone = ''] = ABSOLUTE.exec(text) ?? [];
  if (date === undefined) return undefined;
  const time = clock ?? (day === 'start' ? '00:00:00.000' : '23:59:59.999');
  const moment = new Date(`${date}T${time}${/^(z|utc)$/i.test(zone) ? 'Z' : zone}`);
  return dayExists(date) ? moment : undefined;
}

/** JavaScript rolls 30 February over into March; a person who types it has made a mistake. */
function dayExists(date: string): boolean {
  const moment = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(date);
}
