import type { MissedPolicy } from '../../config/unattended.ts';
import type { ScheduleClass } from '../../config/unattended-schema.ts';
import type { ScheduleBook } from '../../state/unattended-records.ts';
import { dueBetween, isOpen, readyAt, type Timing } from './timing.ts';

/** What begins so much later than it could have is missed; what is less late has only been delayed. */
export const MISSED_AFTER_MS = 5 * 60_000;
/** A book that is so far ahead of the clock was written by a clock that was wrong. */
const CLOCK_WAS_WRONG_MS = 24 * 3_600_000;
/** Due times that are remembered one by one; there may be more where something is due every minute and nothing ran for days. */
const MOST_OWED = 1000;

/** One rule by which something is due. */
export interface Item extends Timing {
  /** Of its book. */
  key: string;
  /** What runs: items of one name that are owed together are one run. */
  run: string;
  /** Undefined for tasks. */
  class: ScheduleClass | undefined;
  missed: MissedPolicy;
}

export interface Missed {
  run: string;
  items: readonly Item[];
  /** Ascending. */
  dueMs: readonly number[];
  policy: MissedPolicy;
}

/** A run that may begin. */
export interface Ready {
  run: string;
  /** All that it satisfies. */
  items: readonly Item[];
  /** The newest due time that it is for, and since when the first could have begun. */
  dueMs: number;
  readySinceMs: number;
}

export interface Plan {
  /** Those of before where nothing has changed. */
  books: Record<string, ScheduleBook>;
  missed: Missed[];
  ready: Ready[];
  /** Books that were ahead of the clock and begin anew. */
  reset: string[];
}

export interface Moment {
  nowMs: number;
  /** Since when due times have been watched without a break. */
  awakeSinceMs: number;
}

type Books = Readonly<Record<string, ScheduleBook>>;
type Owed = ScheduleBook['owed'];

/**
 * What is to be done now: a function of the books, the rules and the time alone, and right however late it is called. Every due time is owed to a run or told as
 * missed exactly once. A run satisfies all that is owed of its name, also what might wait for a later moment: windows and jitter only spread load. Without
 * a book nothing was due before now.
 */
export function plan(items: readonly Item[], books: Books, moment: Moment): Plan {
  const looked = items.map((item) => look(item, books[item.key], moment));
  return {
    books: Object.fromEntries(looked.map(({ item, book }) => [item.key, book])),
    missed: mergeMissed(looked),
    ready: readyRuns(looked, moment.nowMs),
    reset: looked.filter(({ wasAhead }) => wasAhead).map(({ item }) => item.key),
  };
}

/** The book after all that it owes was satisfied. */
export function satisfied(book: ScheduleBook, nowMs: number, readySinceMs: number): ScheduleBook {
  return { ...book, owed: [], lastRun: { at: iso(nowMs), lateMs: Math.max(nowMs - readySinceMs, 0) } };
}

/** The book after a run that was begun for `dueMs` was given up before its end. */
export function owedAgain(book: ScheduleBook, dueMs: number): ScheduleBook {
  // That it was given up is told by the run.
  return { ...book, owed: [{ due: iso(dueMs), told: true }, ...book.owed] };
}

/** When the first of what is owed may begin. */
export function owedReadyAt(item: Item, owed: Owed): number {
  return Math.min(...owed.map(({ due }) => readyAt(item, item.run, Date.parse(due))));
}

interface Looked {
  item: Item;
  book: ScheduleBook;
  missedMs: readonly number[];
  wasAhead: boolean;
}

function look(item: Item, book: ScheduleBook | undefined, { nowMs, awakeSinceMs }: Moment): Looked {
  const wasAhead = book !== undefined && Date.parse(book.upTo) > nowMs + CLOCK_WAS_WRONG_MS;
  if (book === undefined || wasAhead) return { item, book: newBook(item, nowMs, book), missedMs: [], wasAhead };
  const due = dueBetween(book, Date.parse(book.upTo), nowMs).map(iso);
  const { cron, timeZone } = item;
  const isNewRule = book.cron !== cron || book.timeZone !== timeZone;
  if (due.length === 0 && book.owed.length === 0 && !isNewRule) return { item, book, missedMs: [], wasAhead };
  const upTo = isNewRule ? iso(nowMs) : (due.at(-1) ?? book.upTo);
  const waiting = [...book.owed, ...due.map((one) => ({ due: one, told: false }))].slice(-MOST_OWED);
  const missed = waiting.filter((one) => !one.told && isMissed(item, one.due, awakeSinceMs));
  const owed =
    item.missed === 'run_once'
      ? waiting.map((one) => (missed.includes(one) ? { ...one, told: true } : one))
      : waiting.filter((one) => !missed.includes(one));
  if (due.length === 0 && missed.length === 0 && !isNewRule) return { item, book, missedMs: [], wasAhead };
  const missedMs = missed.map((one) => Date.parse(one.due));
  return { item, book: { ...book, cron, timeZone, upTo, owed }, missedMs, wasAhead };
}

/** Whether nobody watched from when it could have begun until it was too late. */
const isMissed = (item: Item, due: string, awakeSinceMs: number): boolean =>
  readyAt(item, item.run, Date.parse(due)) + MISSED_AFTER_MS < awakeSinceMs;

function newBook({ cron, timeZone }: Item, nowMs: number, old: ScheduleBook | undefined): ScheduleBook {
  return { cron, timeZone, upTo: iso(nowMs), owed: [], lastRun: old?.lastRun ?? null };
}

/** One for each run and what becomes of it. */
function mergeMissed(looked: readonly Looked[]): Missed[] {
  const late = looked.filter(({ missedMs }) => missedMs.length > 0);
  const groups = Map.groupBy(late, ({ item }) => `${item.missed} ${item.run}`);
  return [...groups.values()].flatMap((group) => {
    const first = group[0]?.item;
    if (first === undefined) return [];
    const dueMs = [...new Set(group.flatMap(({ missedMs }) => missedMs))].sort((a, b) => a - b);
    return [{ run: first.run, items: group.map(({ item }) => item), dueMs, policy: first.missed }];
  });
}

function readyRuns(looked: readonly Looked[], nowMs: number): Ready[] {
  const owing = looked.flatMap(({ item, book: { owed } }) => {
    const newest = owed.at(-1);
    if (newest === undefined) return [];
    return [{ item, dueMs: Date.parse(newest.due), readyMs: owedReadyAt(item, owed) }];
  });
  return [...Map.groupBy(owing, ({ item }) => item.run)].flatMap(([run, group]) => {
    if (!group.some(({ item, readyMs }) => readyMs <= nowMs && isOpen(item, nowMs))) return [];
    return [
      {
        run,
        items: group.map(({ item }) => item),
        dueMs: Math.max(...group.map(({ dueMs }) => dueMs)),
        readySinceMs: Math.min(...group.map(({ readyMs }) => readyMs)),
      },
    ];
  });
}

const iso = (ms: number): string => new Date(ms).toISOString();
