import type { Unattended } from '../../../src/config/unattended.ts';
import { type DueRun, type RunEnd, Scheduler } from '../../../src/jobs/schedules/scheduler.ts';
import { Schedules } from '../../../src/jobs/schedules/schedules.ts';
import type { HappenedEvent } from '../../../src/notify/event.ts';
import { emptyState, type StateDocument } from '../../../src/state/document.ts';
import type { State } from '../../../src/state/state.ts';

/** A backup that a test lets end. */
export interface BegunRun extends DueRun {
  atMs: number;
  end(how?: RunEnd): Promise<void>;
  fail(error: Error): Promise<void>;
}

/** A scheduler whose time, runs and crashes a test decides. */
export class ScheduleStage {
  nowMs: number;
  /** What a process that starts now would read. */
  disk: StateDocument = emptyState();
  begun: BegunRun[] = [];
  events: HappenedEvent[] = [];
  warnings: string[] = [];
  /** Sources on which somebody else works. */
  busy = new Set<string>();
  unattended: Unattended;
  scheduler!: Scheduler;
  schedules!: Schedules;
  /** False: what is written now is lost, as by a crash. */
  writes = true;

  constructor(unattended: Unattended, start: string) {
    this.unattended = unattended;
    this.nowMs = Date.parse(start);
    this.start();
  }

  /** Begins a process on what the disk holds. */
  start(): void {
    const document = structuredClone(this.disk);
    const state: State = {
      document,
      update: async (change) => {
        const result = change(document);
        // Books are replaced and never changed, so this is what they were.
        if (this.writes) this.disk = { ...document, unattended: { ...document.unattended } };
        return result;
      },
      losses: [],
      close: async () => {},
    };
    const clock = { now: () => this.nowMs };
    this.schedules = new Schedules({ sources: this.unattended.sources, state, clock });
    this.scheduler = new Scheduler({
      state,
      clock,
      schedules: this.schedules,
      events: { happened: (event) => this.events.push(event) },
      onWarning: (message) => this.warnings.push(message),
      begin: (run) => this.#begin(run),
    });
  }

  /** Sweeps at a moment, given as a time or as minutes from now. */
  async at(moment: string | number): Promise<void> {
    this.nowMs = typeof moment === 'string' ? Date.parse(moment) : this.nowMs + moment * 60_000;
    await this.scheduler.sweep();
  }

  /** Sweeps now and every minute up to a moment; runs end by themselves where `ends` says so. */
  async until(moment: string, { ends = true } = {}): Promise<void> {
    const endMs = Date.parse(moment);
    await this.at(0);
    while (this.nowMs < endMs) {
      await this.at(1);
      if (ends) for (const run of this.begun) await run.end();
    }
  }

  /** What began, in words. */
  get told(): string[] {
    return this.begun.map(({ source, classes, atMs }) => `${iso(atMs)} ${source} ${classes.join('+')}`);
  }

  #begin(run: DueRun): Promise<RunEnd> | undefined {
    if (this.busy.has(run.source)) return undefined;
    const { promise, resolve, reject } = Promise.withResolvers<RunEnd>();
    const settled = () => new Promise<void>((done) => setImmediate(done));
    this.begun.push({
      ...run,
      atMs: this.nowMs,
      end: (how = 'ended') => {
        resolve(how);
        return settled();
      },
      fail: (error) => {
        reject(error);
        return settled();
      },
    });
    return promise;
  }
}

/** `01-31 02:00`. */
export const iso = (ms: number): string => new Date(ms).toISOString().slice(5, 16).replace('T', ' ');
