import { formatDuration } from '../../shared/durations.ts';
import { openZone } from '../../shared/zone.ts';
import type { RetentionPolicy, RetentionRuleSet } from '../types.ts';

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
  /** It was verified, and something of it is damaged. */
  damaged: boolean;
  pinned: boolean;
  /** Why it was made: `schedule`, `pre-migration` ...; `pre-restore` makes it a safety backup. */
  trigger: string;
  /** Schedules that it satisfies: `hourly`, `daily` ... */
  classes: readonly string[];
}

/** One kind of calendar bucket; `last` and `within` have one bucket for each snapshot. */
type Bucket = 'each' | 'hour' | 'day' | 'week' | 'month' | 'year';

const COUNT_RULES = [
  { member: 'last', bucket: 'each' },
  { member: 'hourly', bucket: 'hour' },
  { member: 'daily', bucket: 'day' },
  { member: 'weekly', bucket: 'week' },
  { member: 'monthly', bucket: 'month' },
  { member: 'yearly', bucket: 'year' },
] as const satisfies readonly { member: keyof RetentionRuleSet; bucket: Bucket }[];

const WITHIN_RULES = [
  { member: 'within', name: 'all', bucket: 'each' },
  { member: 'withinHourly', name: 'hourly', bucket: 'hour' },
  { member: 'withinDaily', name: 'daily', bucket: 'day' },
  { member: 'withinWeekly', name: 'weekly', bucket: 'week' },
  { member: 'withinMonthly', name: 'monthly', bucket: 'month' },
  { member: 'withinYearly', name: 'yearly', bucket: 'year' },
] as const satisfies readonly { member: keyof RetentionRuleSet; name: string; bucket: Bucket }[];

/** How long a safety backup lets its restore be undone. */
const SAFETY_MS = 30 * 24 * 60 * 60 * 1000;
const SAFETY = 'pre-restore';

/**
 * The rules that keep each snapshot, by ID; no rule means that the policy lets it go. Every rule only adds: what one of them keeps is kept.
 *
 * - Sources are looked at one by one, each by the rules that the policy has for it.
 * - Of each calendar bucket the newest snapshot is kept; buckets without one do not count. Pinned, unfinished and safety snapshots fill no bucket.
 * - Ages count back from the newest finished snapshot of the source, so that nothing goes because a source is not backed up any more. One that
 *   claims to be from after `nowMs` is not counted from: a clock that was wrong once would make all others old.
 * - Pinned and unfinished snapshots are kept, and safety snapshots for 30 days, so that a restore can be undone.
 * - The newest finished snapshot of a source is always kept, and the newest of which no damage is known.
 */
export function applyRetention(
  items: readonly RetentionItem[],
  policy: RetentionPolicy,
  nowMs: number,
): Map<string, string[]> {
  const kept = new Map<string, string[]>(items.map(({ id }) => [id, []]));
  const keep = (id: string, rule: string): void => {
    kept.get(id)?.push(rule);
  };
  for (const [source, group] of Map.groupBy(items, (item) => item.source)) {
    keepOfSource(group, rulesFor(policy, source), keep, nowMs);
  }
  return kept;
}

const rulesFor = ({ sources, ...others }: RetentionPolicy, source: string): RetentionRuleSet =>
  (sources !== undefined && Object.hasOwn(sources, source) ? sources[source] : undefined) ?? others;

function keepOfSource(
  group: readonly RetentionItem[],
  rules: RetentionRuleSet,
  keep: (id: string, rule: string) => void,
  nowMs: number,
): void {
  for (const { id, pinned, confirmed, tags } of group) {
    if (pinned) keep(id, 'pinned');
    if (!confirmed) keep(id, 'unfinished');
    for (const tag of rules.tags ?? []) if (tags.includes(tag)) keep(id, `tag ${tag}`);
  }
  const confirmed = group.filter((item) => item.confirmed).toSorted(newestFirst);
  const unpinned = confirmed.filter(({ pinned }) => !pinned);
  const counted = unpinned.filter(({ trigger }) => trigger !== SAFETY);
  const bucketOf = calendar(rules.timeZone ?? 'UTC');
  for (const { member, bucket } of COUNT_RULES) {
    const most = rules[member] ?? 0;
    const filled = newestOfBuckets(counted, (item) => bucketOf(bucket, item));
    for (const item of filled.slice(0, most)) keep(item.id, `${member} ${most}`);
  }
  const isWithin = agesOf(confirmed, nowMs);
  for (const { member, name, bucket } of WITHIN_RULES) {
    const span = rules[member];
    if (span === undefined) continue;
    const recent = (bucket === 'each' ? unpinned : counted).filter((item) => isWithin(item, span));
    const filled = newestOfBuckets(recent, (item) => bucketOf(bucket, item));
    for (const item of filled) keep(item.id, `${name} for ${formatDuration(span)}`);
  }
  for (const item of confirmed) {
    const { id, trigger, classes } = item;
    const keepFor = (span: number, what: string): void => {
      if (span > 0 && isWithin(item, span)) keep(id, `${what} for ${formatDuration(span)}`);
    };
    keepFor(spanFor(rules.triggers, trigger), trigger);
    for (const name of new Set(classes)) keepFor(spanFor(rules.classes, name), `scheduled ${name}`);
    if (trigger === SAFETY && isWithin(item, SAFETY_MS)) keep(id, 'safety');
  }
  keepLast(confirmed, keep);
}

/** Names come from snapshots: they may be anything. */
const spanFor = (spans: Readonly<Record<string, number>> | undefined, name: string): number =>
  (spans !== undefined && Object.hasOwn(spans, name) ? spans[name] : undefined) ?? 0;

/** Whether an item is at most so much older than the newest one. */
function agesOf(
  confirmed: readonly RetentionItem[],
  nowMs: number,
): (item: Pick<RetentionItem, 'time'>, spanMs: number) => boolean {
  const newest = confirmed.find(({ time }) => Date.parse(time) <= nowMs) ?? confirmed[0];
  const fromMs = Date.parse(newest?.time ?? '');
  return ({ time }, spanMs) => Date.parse(time) >= fromMs - spanMs;
}

/** What must never go, whatever the rules say. Safety backups are meant only where there is nothing else. */
function keepLast(confirmed: readonly RetentionItem[], keep: (id: string, rule: string) => void): void {
  const ordinary = confirmed.filter(({ trigger }) => trigger !== SAFETY);
  const meant = ordinary.length > 0 ? ordinary : confirmed;
  const [newest] = meant;
  const good = meant.find(({ damaged }) => !damaged);
  if (newest !== undefined) keep(newest.id, 'newest');
  if (good !== undefined && good !== newest) keep(good.id, 'newest good');
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
  const zone = openZone(timeZone);
  return (bucket, { id, time }) => {
    if (bucket === 'each') return id;
    const ms = Date.parse(time);
    const wallMs = zone.toWall(ms);
    if (bucket === 'week') return isoWeek(wallMs);
    const wall = new Date(wallMs).toISOString().slice(0, BUCKET_DIGITS[bucket]);
    return bucket === 'hour' ? `${wall} ${wallMs - ms}` : wall;
  };
}

/** How much of `2030-12-31T23` names the bucket. */
const BUCKET_DIGITS = { hour: 13, day: 10, month: 7, year: 4 } as const satisfies Partial<Record<Bucket, number>>;

/** ISO 8601: weeks begin on Monday and belong to the year of their Thursday. So the Thursday names the week. */
function isoWeek(wallMs: number): string {
  const weekday = (new Date(wallMs).getUTCDay() + 6) % 7;
  return new Date(wallMs + (3 - weekday) * DAY_MS).toISOString().slice(0, 10);
}
