import { createTask, type ScheduledTask } from 'node-cron';
import type { Clock } from '../../shared/clock.ts';
import { leavesDaysOut, leavesWeekdaysOut, parseCron } from '../../shared/cron.ts';
import type { Rule } from './timing.ts';

const MINUTE_MS = 60_000;

export interface TriggerParts {
  /** What is due by any rule. */
  rules: () => readonly Rule[];
  /** Does what is due. */
  sweep: () => void;
  clock: Pick<Clock, 'sleep'>;
}

/** Wakes the sweep: when something is due by node-cron's reckoning, and every minute, for windows, jitter, and what node-cron skips. */
export class CronTriggers {
  readonly #parts: TriggerParts;
  readonly #tasks = new Map<string, ScheduledTask>();
  readonly #stopped = new AbortController();

  constructor(parts: TriggerParts) {
    this.#parts = parts;
  }

  /** Sweeps at once, and from then on until `stop`. */
  start(): void {
    this.follow();
    void this.#everyMinute();
  }

  /** To be called when rules have changed. */
  follow(): void {
    const wanted = new Map(this.#parts.rules().flatMap(expressions));
    for (const [key, task] of this.#tasks) {
      if (wanted.has(key)) continue;
      void task.destroy();
      this.#tasks.delete(key);
    }
    for (const [key, { cron, timeZone }] of wanted) {
      if (this.#tasks.has(key)) continue;
      // The sweep finds what was missed, and says so better.
      const options = { timezone: timeZone, unref: true, suppressMissedWarning: true };
      const task = createTask(cron, () => this.#parts.sweep(), options);
      this.#tasks.set(key, task);
      void task.start();
    }
  }

  stop(): void {
    this.#stopped.abort(new Error('stopped'));
    for (const task of this.#tasks.values()) void task.destroy();
    this.#tasks.clear();
  }

  async #everyMinute(): Promise<void> {
    const { sweep, clock } = this.#parts;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      sweep();
      await clock.sleep(MINUTE_MS, signal, { background: true }).catch(() => {});
    }
  }
}

/** node-cron takes a day and a weekday to be needed both, where either is enough: two expressions say that. */
function expressions({ cron, timeZone }: Rule): [string, Rule][] {
  const read = parseCron(cron);
  const [minute, hour, day, month, weekday] = cron.split(' ');
  const both = (leavesDaysOut(read) || read.lastDay) && leavesWeekdaysOut(read);
  const said = both ? [`${minute} ${hour} ${day} ${month} *`, `${minute} ${hour} * ${month} ${weekday}`] : [cron];
  return said.map((one) => [`${one} ${timeZone}`, { cron: one, timeZone }]);
}
