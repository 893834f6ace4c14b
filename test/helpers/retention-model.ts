import type { RetentionItem } from '../../src/backup/repository/retention.ts';
import type { RetentionRuleSet } from '../../src/backup/types.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What a clock on the wall shows, as if it were in UTC. */
function wallOf(ms: number, timeZone: string): number {
  let format = FORMATS.get(timeZone);
  if (format === undefined) {
    // Swedish writes dates as ISO 8601 does.
    format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    FORMATS.set(timeZone, format);
  }
  return Date.parse(`${format.format(ms).replace(' ', 'T')}.000Z`);
}
const FORMATS = new Map<string, Intl.DateTimeFormat>();

/** A number for the period that a moment is in, by what the clock on the wall shows. */
const PERIODS: Readonly<Record<string, (ms: number, wall: number) => number>> = {
  // The moment at which the hour began: so an hour that clocks repeat is two.
  hourly: (ms, wall) => Math.floor(ms / 1000) * 1000 - (wall % HOUR_MS),
  daily: (_, wall) => Math.floor(wall / DAY_MS),
  // 1 January 1970 was a Thursday: its week began three days before.
  weekly: (_, wall) => Math.floor((Math.floor(wall / DAY_MS) + 3) / 7),
  monthly: (_, wall) => new Date(wall).getUTCFullYear() * 12 + new Date(wall).getUTCMonth(),
  yearly: (_, wall) => new Date(wall).getUTCFullYear(),
};

const SPANS = {
  hourly: 'withinHourly',
  daily: 'withinDaily',
  weekly: 'withinWeekly',
  monthly: 'withinMonthly',
  yearly: 'withinYearly',
} as const;

/**
 * IDs of the snapshots of one source that are kept, written from the rules in docs/OPERATIONS.md alone:
 *
 * 1. Pinned and unfinished snapshots are kept, and those with a tag that is kept.
 * 2. The newest finished snapshot is kept, and the newest without known damage; safety backups are meant only where there are no others.
 * 3. Pinned, unfinished and safety snapshots take part in no period, and unfinished ones in nothing.
 * 4. `daily 7`: a snapshot is kept when no newer one is from its day, and fewer than 7 days with snapshots are later. So for all periods.
 * 5. `daily for 30 d`: a snapshot is kept when no newer one is from its day, and it is at most so much older than the newest finished one that is not from the future.
 * 6. `last 3`: a snapshot is kept when fewer than 3 are newer. `all for 7 d`: it is kept when it is not older than that; safety backups too.
 * 7. A trigger's snapshots are kept for its time, those that a schedule of a class asked for for the class's time, safety backups for 30 days, all counted as in 5.
 */
export function modelKept(items: readonly RetentionItem[], rules: RetentionRuleSet, nowMs: number): string[] {
  const timeZone = rules.timeZone ?? 'UTC';
  const facts = new Map(items.map((item) => [item, factsOf(item, timeZone)]));
  const of = (item: RetentionItem): Facts => facts.get(item) as Facts;
  const newestFirst = (among: Iterable<RetentionItem>): RetentionItem[] =>
    [...among].sort((a, b) => of(b).ms - of(a).ms || (a.id < b.id ? 1 : -1));
  const newestOf = (among: readonly RetentionItem[]): RetentionItem | undefined => newestFirst(among)[0];

  const finished = items.filter(({ confirmed }) => confirmed);
  const ordinary = finished.filter(({ trigger }) => trigger !== 'pre-restore');
  const unpinned = finished.filter(({ pinned }) => !pinned);
  const counted = unpinned.filter(({ trigger }) => trigger !== 'pre-restore');
  const meant = ordinary.length > 0 ? ordinary : finished;
  const past = finished.filter((item) => of(item).ms <= nowMs);
  const newest = newestOf(past.length > 0 ? past : finished);
  const isWithin = (item: RetentionItem, span: number): boolean =>
    newest !== undefined && of(item).ms >= of(newest).ms - span;

  const kept = new Set<RetentionItem | undefined>([newestOf(meant), newestOf(meant.filter(({ damaged }) => !damaged))]);
  for (const item of items) {
    if (item.pinned || !item.confirmed || rules.tags?.some((tag) => item.tags.includes(tag))) kept.add(item);
  }
  for (const item of finished) {
    if (item.trigger === 'pre-restore' && isWithin(item, 30 * DAY_MS)) kept.add(item);
    const span = rules.triggers?.[item.trigger] ?? 0;
    if (span > 0 && isWithin(item, span)) kept.add(item);
    if (
      Object.entries(rules.classes ?? {}).some(
        ([name, ms]) => ms > 0 && item.classes.includes(name) && isWithin(item, ms),
      )
    )
      kept.add(item);
  }
  for (const item of unpinned) if (rules.within !== undefined && isWithin(item, rules.within)) kept.add(item);
  for (const item of newestFirst(counted).slice(0, rules.last ?? 0)) kept.add(item);
  for (const period of ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const) {
    const periods = Map.groupBy(counted, (item) => of(item).periods[period]);
    const newestOfEach = [...periods.values()].flatMap((own) => newestOf(own) ?? []);
    const span = rules[SPANS[period]];
    for (const item of newestFirst(newestOfEach).slice(0, rules[period] ?? 0)) kept.add(item);
    for (const item of newestOfEach) if (span !== undefined && isWithin(item, span)) kept.add(item);
  }
  return items.filter((item) => kept.has(item)).map(({ id }) => id);
}

interface Facts {
  ms: number;
  periods: Record<string, number>;
}

const REMEMBERED = new Map<string, Facts>();

function factsOf({ time }: RetentionItem, timeZone: string): Facts {
  const key = `${time} ${timeZone}`;
  const known = REMEMBERED.get(key);
  if (known !== undefined) return known;
  const ms = Date.parse(time);
  const wall = wallOf(ms, timeZone);
  const periods = Object.fromEntries(Object.entries(PERIODS).map(([name, numberOf]) => [name, numberOf(ms, wall)]));
  const facts = { ms, periods };
  REMEMBERED.set(key, facts);
  return facts;
}
