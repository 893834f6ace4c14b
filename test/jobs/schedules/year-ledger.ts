import type { ScheduleSetting, Unattended } from '../../../src/config/unattended.ts';
import type { ScheduleClass } from '../../../src/config/unattended-schema.ts';
import type { DueRun } from '../../../src/jobs/schedules/scheduler.ts';
import { readyAt } from '../../../src/jobs/schedules/timing.ts';
import type { HappenedEvent } from '../../../src/notify/event.ts';
import { parseCron } from '../../../src/shared/cron.ts';
import { dueTimes } from '../../../src/shared/cron-times.ts';
import { openZone } from '../../../src/shared/zone.ts';
import { iso } from './stage.ts';

const GRACE_MS = 5 * 60_000;
const YEARS_MS = 400 * 24 * 3_600_000;

/** One schedule, with what became of its due times. */
interface Account {
  key: string;
  source: string;
  setting: ScheduleSetting;
  /** Due times that nothing has become of yet, ascending. */
  open: number[];
  told: Set<number>;
  /** A run of it was given up, so the next one may have nothing else to do. */
  givenUp: boolean;
}

/** Keeps account of every due time, from what is seen of a scheduler alone. */
export class YearLedger {
  readonly problems: string[] = [];
  readonly counts = { run: 0, told: 0, dropped: 0, repeated: 0 };
  readonly #accounts = new Map<string, Account>();
  #awakeSinceMs = Number.NEGATIVE_INFINITY;
  #lastSweepMs = Number.NEGATIVE_INFINITY;

  constructor(sources: Unattended['sources'], startMs: number) {
    for (const [source, { schedules }] of Object.entries(sources)) {
      for (const [name, setting] of Object.entries(schedules)) {
        const { cron, timeZone } = setting;
        const open = [...dueTimes(parseCron(cron), openZone(timeZone), startMs, startMs + YEARS_MS)];
        const key = `${source}/${name}`;
        this.#accounts.set(key, { key, source, setting, open, told: new Set(), givenUp: false });
      }
    }
  }

  /** A process begins. */
  begin(): void {
    this.#lastSweepMs = Number.NEGATIVE_INFINITY;
  }

  swept(nowMs: number, events: readonly HappenedEvent[], runs: readonly DueRun[]): void {
    if (nowMs - this.#lastSweepMs > GRACE_MS) this.#awakeSinceMs = nowMs;
    this.#lastSweepMs = nowMs;
    for (const event of events) this.#happened(event, nowMs);
    for (const { source, classes } of runs) {
      for (const name of classes) this.#run(this.#account(source, name), nowMs);
    }
    this.#findForgotten(nowMs);
  }

  givenUp({ source, classes }: DueRun): void {
    for (const name of classes) {
      const account = this.#account(source, name);
      account.givenUp = account.setting.missed === 'run_once';
    }
  }

  #account(source: string, name: string): Account {
    const account = this.#accounts.get(`${source}/${name}`);
    if (account !== undefined) return account;
    throw new Error(`there is no schedule ${source}/${name as ScheduleClass}`);
  }

  #happened(event: HappenedEvent, nowMs: number): void {
    if (event.kind !== 'missed') this.#problem(`unexpected ${event.kind}`, nowMs);
    if (event.kind !== 'missed') return;
    for (const due of event.due) {
      const dueMs = Date.parse(due);
      // Of the classes that an event names, each due time concerns those that were due then and too late.
      const late = event.classes
        .map((name) => this.#account(event.source, name))
        .filter(
          ({ open, told, setting }) => open.includes(dueMs) && !told.has(dueMs) && setting.missed === event.policy,
        )
        .filter((account) => this.#isMissed(account, dueMs));
      if (late.length === 0) this.#problem(`${event.source} ${iso(dueMs)} told without need`, nowMs);
      for (const account of late) this.#missed(account, dueMs);
    }
  }

  #missed(account: Account, dueMs: number): void {
    this.counts.told++;
    account.told.add(dueMs);
    if (account.setting.missed === 'run_once') return;
    this.counts.dropped++;
    account.open.splice(account.open.indexOf(dueMs), 1);
  }

  #run(account: Account, nowMs: number): void {
    const next = account.open.findIndex((dueMs) => dueMs > nowMs);
    const covered = account.open.slice(0, next);
    if (covered.length === 0 && !account.givenUp) this.#problem(`${account.key} ran though nothing was due`, nowMs);
    if (covered.length === 0) this.counts.repeated++;
    for (const dueMs of covered.filter((one) => !account.told.has(one) && this.#isMissed(account, one))) {
      this.#problem(`${account.key} ${iso(dueMs)} was missed, and nobody was told`, nowMs);
    }
    account.givenUp = false;
    account.open.splice(0, covered.length);
    this.counts.run++;
  }

  /** Whether nobody watched from the moment when it could have begun until it was too late. */
  #isMissed({ setting, source }: Account, dueMs: number): boolean {
    return readyAt(setting, source, dueMs) + GRACE_MS < this.#awakeSinceMs;
  }

  /** Nothing waits longer than a week for its window and for others. */
  #findForgotten(nowMs: number): void {
    for (const { key, open } of this.#accounts.values()) {
      const [first] = open;
      if (first !== undefined && first < nowMs - 7 * 24 * 3_600_000)
        this.#problem(`${key} ${iso(first)} is forgotten`, nowMs);
    }
  }

  #problem(what: string, nowMs: number): void {
    if (this.problems.length < 20) this.problems.push(`${iso(nowMs)}: ${what}`);
  }
}
