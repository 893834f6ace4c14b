import type { RetentionPolicy } from '../types.ts';

/** Which snapshots a retention policy keeps, and by which rules. Pure: tested against an independent model. */

/** What retention looks at. Ids are unique. */
export interface RetentionItem {
  id: string;
  /** ISO 8601. */
  time: string;
  source: string;
  tags: readonly string[];
  /** It counts: the backup is whole. */
  confirmed: boolean;
  pinned: boolean;
  /** A safety backup made before a restore. */
  safety: boolean;
}

/** One kind of calendar bucket; `last` and `within` have one bucket for each snapshot. */
type Bucket = 'each' | 'hour' | 'day' | 'week' | 'month' | 'year';

const COUNT_RULES = [
  { member: 'last', name: 'last', bucket: 'each' },
  { member: 'hourly', name: 'hourly', bucket: 'hour' },
  { member: 'daily', name: 'daily', bucket: 'day' },
  { member: 'weekly', name: 'weekly', bucket: 'week' },
  { member: 'monthly', name: 'monthly', bucket: 'month' },
  { member: 'yearly', name: 'yearly', bucket: 'year' },
] as const satisfies readonly { member: keyof RetentionPolicy; name: string; bucket: Bucket }[];

const WITHIN_RULES = [
  { member: 'within', name: 'within', bucket: 'each' },
  { member: 'withinHourly', name: 'within hourly', bucket: 'hour' },
  { member: 'withinDaily', name: 'within daily', bucket: 'day' },
  { member: 'withinWeekly', name: 'within weekly', bucket: 'week' },
  { member: 'withinMonthly', name: 'within monthly', bucket: 'month' },
  { member: 'withinYearly', name: 'within yearly', bucket: 'year' },
] as const satisfies readonly { member: keyof RetentionPolicy; name: string; bucket: Bucket }[];

/** How long a safety backup lets its restore be undone. */
const SAFETY_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * The rules that keep each snapshot, by ID; no rule means that the policy lets it go. Sources are looked at one by one. In each bucket the
 * newest snapshot is kept; buckets without one do not count. Pinned, unfinished and safety snapshots fill no bucket: pinned ones are
 * kept, unfinished ones are not retention's business (kept as `unfinished`), and safety snapshots are kept for 30 days before the newest
 * snapshot, so that a restore can be undone. The newest confirmed snapshot of a source is always kept.
 */
export function applyRetention(items: readonly RetentionItem[], policy: RetentionPolicy): Map<string, string[]> {
  const kept = new Map<string, string[]>(items.map(({ id }) => [id, []]));
  const keep = (id: string, rule: string): void => {
    kept.get(id)?.push(rule);
  };
  for (const item of items) {
    if (item.pinned) keep(item.id, 'pinned');
    if (!item.confirmed) keep(item.id, 'unfinished');
    if (item.tags.some((tag) => policy.tags?.includes(tag))) keep(item.id, 'tag');
  }
  for (const group of Map.groupBy(items, ({ source }) => source).values()) keepOfSource(group, policy, keep);
  return kept;
}

function keepOfSource(
  group: readonly RetentionItem[],
  policy: RetentionPolicy,
  keep: (id: string, rule: string) => void,
): void {
  const confirmed = group.filter((item) => item.confirmed).toSorted(newestFirst);
  const counted = confirmed.filter(({ pinned, safety }) => !pinned && !safety);
  const bucketOf = calendar(policy.timeZone ?? 'UTC');
  for (const { member, name, bucket } of COUNT_RULES) {
    const most = policy[member] ?? 0;
    const filled = newestOfBuckets(counted, (item) => bucketOf(bucket, item));
    for (const item of filled.slice(0, most)) keep(item.id, `${name} ${most}`);
  }
  const newest = Date.parse(confirmed[0]?.time ?? '');
  for (const { member, name, bucket } of WITHIN_RULES) {
    const span = policy[member];
    if (span === undefined) continue;
    const recent = (bucket === 'each' ? confirmed.filter(({ pinned }) => !pinned) : counted).filter(
      ({ time }) => Date.parse(time) >= newest - span,
    );
    for (const item of newestOfBuckets(recent, (item) => bucketOf(bucket, item))) keep(item.id, name);
  }
  for (const { id, time, safety } of confirmed) {
    if (safety && Date.parse(time) >= newest - SAFETY_MS) keep(id, 'safety');
  }
  const last = confirmed.find(({ safety }) => !safety) ?? confirmed[0];
  if (last !== undefined) keep(last.id, 'newest');
}

function newestFirst(a: RetentionItem, b: RetentionItem): number {
  return Date.parse(b.time) - Date.parse(a.time) || (a.id < b.id ? 1 : -1);
}

/** `items` are newest first. */
function newestOfBuckets(items: readonly RetentionItem[], bucketOf: (item: RetentionItem) => string): RetentionItem[] {
  const filled = new Set<string>();
  return items.filter((item) => {
    const bucket = bucketOf(item);
    if (filled.has(bucket)) return false;
    filled.add(bucket);
    return true;
  });
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Names of the calendar buckets in a time zone (IANA). The hour that clocks repeat in autumn is two buckets. */
function calendar(timeZone: string): (bucket: Bucket, item: RetentionItem) => string {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  });
  return (bucket, { id, time }) => {
    if (bucket === 'each') return id;
    const parts = Object.fromEntries(format.formatToParts(Date.parse(time)).map(({ type, value }) => [type, value]));
    const { year, month, day, hour, timeZoneName } = parts as Record<string, string>;
    if (bucket === 'year') return `${year}`;
    if (bucket === 'month') return `${year}-${month}`;
    if (bucket === 'day') return `${year}-${month}-${day}`;
    if (bucket === 'hour') return `${year}-${month}-${day} ${hour} ${timeZoneName}`;
    return isoWeek(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  };
}

/** ISO 8601: weeks begin on Monday and belong to the year of their Thursday. So the Thursday names the week. */
function isoWeek(day: number): string {
  const weekday = (new Date(day).getUTCDay() + 6) % 7;
  return new Date(day + (3 - weekday) * DAY_MS).toISOString().slice(0, 10);
}
