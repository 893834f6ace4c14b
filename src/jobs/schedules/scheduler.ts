import type { ScheduleClass } from '../../config/unattended-schema.ts';
import type { EventSink, HappenedEvent } from '../../notify/event.ts';
import type { Clock } from '../../shared/clock.ts';
import type { State } from '../../state/state.ts';
import type { ScheduleBook } from '../../state/unattended-records.ts';
import { errorIn } from '../runs/run-record.ts';
import { scheduleKey } from './effective.ts';
import { type Item, MISSED_AFTER_MS, owedAgain, owedReadyAt, plan, type Ready, satisfied } from './plan.ts';
import type { Schedules } from './schedules.ts';
import { nextRuns, type Rule } from './timing.ts';

/** One backup that is due. */
export interface DueRun {
  source: string;
  /** All that it satisfies. */
  classes: readonly ScheduleClass[];
  /** The newest due time, ISO 8601. */
  due: string;
}

/** `given up`: the bot was stopped while it ran, so it is owed still. */
export type RunEnd = 'ended' | 'given up';

/** What runs by itself besides backups. */
export interface ScheduledTask extends Rule {
  name: Extract<HappenedEvent, { kind: 'maintenance_failed' }>['task'];
  /** Tasks of one lane never run at the same time. */
  lane: string;
  /** As `SchedulerParts.begin`. */
  begin(due: string): Promise<RunEnd> | undefined;
}

export interface SchedulerParts {
  state: State;
  schedules: Pick<Schedules, 'all'>;
  clock: Pick<Clock, 'now'>;
  events: EventSink;
  onWarning: (message: string) => void;
  /**
   * Begins a backup; undefined where something works on the source, and then it is asked again later. Has put the run on record in the state when it returns, so that
   * the book and the record reach the disk in one write: no crash repeats a run or loses one. The run itself tells how it ended; a rejection means that it
   * could not begin.
   */
  begin(run: DueRun): Promise<RunEnd> | undefined;
}

/** Begins what is due, each due time once, and tells what was missed. */
export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #tasks = new Map<string, ScheduledTask>();
  /** What runs, by lane. */
  readonly #running = new Map<string, Promise<void>>();
  #awakeSinceMs = Number.POSITIVE_INFINITY;
  #lastSweepMs = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
  }

  /** Before the first sweep, or at any time later. */
  addTask(task: ScheduledTask): void {
    this.#tasks.set(task.name, task);
  }

  /** The rules by which anything is due now. */
  get rules(): readonly Rule[] {
    return this.#items();
  }

  /** Does what is due. Resolves when the books are on disk; never rejects. May be called at any time, and as often as one likes. */
  async sweep(): Promise<void> {
    if (this.#stopped) return;
    const { state, clock, onWarning } = this.#parts;
    const nowMs = clock.now();
    const before = state.document.unattended.scheduleBooks;
    const { books, missed, ready, reset } = plan(this.#items(), before, this.#moment(nowMs));
    for (const run of ready) if (this.#begin(run)) this.#book(books, run, nowMs);
    for (const one of missed) this.#tellMissed(one);
    if (reset.length > 0) onWarning(`The clock was ahead: ${reset.join(', ')} begin anew from now`);
    if (!isSame(books, before)) await this.#write(books);
  }

  /** When the next `count` runs of a schedule begin, ISO 8601; none while it is paused. */
  nextRuns(source: string, name: ScheduleClass, count: number): string[] {
    const item = this.#items().find(({ key }) => key === scheduleKey(source, name));
    if (item === undefined) return [];
    const nowMs = this.#parts.clock.now();
    const book = this.#parts.state.document.unattended.scheduleBooks[item.key];
    const owed = book === undefined || book.owed.length === 0 ? [] : [Math.max(owedReadyAt(item, book.owed), nowMs)];
    const next = nextRuns(item, item.run, nowMs, count);
    return [...owed, ...next].slice(0, count).map(iso);
  }

  /** When the next backup of a source begins, whichever schedule asks for it. */
  nextRunOf(source: string): string | undefined {
    const schedules = this.#parts.schedules.all.filter((one) => one.source === source);
    return schedules.flatMap((one) => this.nextRuns(source, one.class, 1)).sort()[0];
  }

  /** Begins nothing any more. Resolves when the books know how what ran has ended, which is for others to end. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running.values());
  }

  /** A sweep that comes late, as after a suspended machine, has watched nothing meanwhile. */
  #moment(nowMs: number): { nowMs: number; awakeSinceMs: number } {
    if (nowMs - this.#lastSweepMs > MISSED_AFTER_MS) this.#awakeSinceMs = nowMs;
    this.#awakeSinceMs = Math.min(this.#awakeSinceMs, nowMs);
    this.#lastSweepMs = nowMs;
    return { nowMs, awakeSinceMs: this.#awakeSinceMs };
  }

  #items(): Item[] {
    const backups = this.#parts.schedules.all
      .filter(({ enabled }) => enabled)
      .map((one): Item => ({ ...one, key: scheduleKey(one.source, one.class), run: one.source }));
    const tasks = [...this.#tasks.values()].map(({ name, cron, timeZone }): Item => {
      const always = { jitterMs: 0, window: undefined, missed: 'run_once', class: undefined } as const;
      return { ...always, cron, timeZone, key: taskRun(name), run: taskRun(name) };
    });
    return [...backups, ...tasks];
  }

  /** False where it has to wait for what runs. */
  #begin({ run, items, dueMs }: Ready): boolean {
    const due = iso(dueMs);
    const task = [...this.#tasks.values()].find(({ name }) => taskRun(name) === run);
    const lane = task === undefined ? run : taskRun(task.lane);
    if (this.#running.has(lane)) return false;
    const classes = items.flatMap((item) => item.class ?? []);
    const ended = task === undefined ? this.#parts.begin({ source: run, classes, due }) : task.begin(due);
    if (ended === undefined) return false;
    this.#running.set(lane, this.#follow(ended, { lane, items, dueMs, task, classes }));
    return true;
  }

  async #follow(
    ended: Promise<RunEnd>,
    run: { lane: string; items: readonly Item[]; dueMs: number; task: ScheduledTask | undefined; classes: string[] },
  ): Promise<void> {
    try {
      if ((await ended) === 'given up') await this.#oweAgain(run.items, run.dueMs);
    } catch (error) {
      const { task, lane, classes, dueMs } = run;
      if (task !== undefined) {
        this.#parts.events.happened({ kind: 'maintenance_failed', task: task.name, error: errorIn('starting', error) });
      } else {
        const told = { source: lane, classes, due: iso(dueMs), error: errorIn('starting', error) };
        this.#parts.events.happened({ kind: 'not_started', ...told });
      }
    }
    this.#running.delete(run.lane);
    // What became due meanwhile runs now.
    await this.sweep();
  }

  #book(books: Record<string, ScheduleBook>, { items, readySinceMs }: Ready, nowMs: number): void {
    for (const { key } of items) {
      const book = books[key];
      if (book !== undefined) books[key] = satisfied(book, nowMs, readySinceMs);
    }
  }

  async #oweAgain(items: readonly Item[], dueMs: number): Promise<void> {
    const books = { ...this.#parts.state.document.unattended.scheduleBooks };
    for (const { key, missed } of items) {
      const book = books[key];
      if (book !== undefined && missed === 'run_once') books[key] = owedAgain(book, dueMs);
    }
    await this.#write(books);
  }

  #tellMissed({ run, items, dueMs, policy }: ReturnType<typeof plan>['missed'][number]): void {
    const classes = items.flatMap((item) => item.class ?? []);
    // A task that was missed runs once, and tells by itself how that went.
    if (classes.length === 0) return;
    this.#parts.events.happened({ kind: 'missed', source: run, classes, due: dueMs.map(iso), policy });
  }

  async #write(books: Record<string, ScheduleBook>): Promise<void> {
    try {
      await this.#parts.state.update(({ unattended }) => {
        unattended.scheduleBooks = books;
      });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#parts.onWarning(`The books of the schedules could not be written: ${why}`);
    }
  }
}

/** Whether they hold the same books; one that has changed is another object. */
function isSame(
  books: Readonly<Record<string, ScheduleBook>>,
  before: Readonly<Record<string, ScheduleBook>>,
): boolean {
  const keys = Object.keys(books);
  return keys.length === Object.keys(before).length && keys.every((key) => books[key] === before[key]);
}

/** A source's name has no `@`. */
const taskRun = (name: string): string => `@${name}`;

const iso = (ms: number): string => new Date(ms).toISOString();
