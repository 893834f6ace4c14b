import type { Clock } from '../shared/clock.ts';
import { HoldfastError } from '../shared/errors.ts';
import type { RandomSource } from '../shared/random.ts';
import type { JobRecord, JobState } from '../state/document.ts';
import type { StoredPlace } from '../state/people.ts';
import type { State } from '../state/state.ts';
import { Places } from './places.ts';

export type JobRequest = Pick<JobRecord, 'kind' | 'source' | 'who' | 'where'>;

/** Where jobs come from that nobody asked for: their outcome is told by events. */
export const NOWHERE: StoredPlace = { platform: 'holdfast', channel: '', direct: false };

export const isUnasked = ({ where }: Pick<JobRecord, 'where'>): boolean => where.platform === NOWHERE.platform;

export interface JobOutcome {
  state: Exclude<JobState, 'pending' | 'running'>;
  /** In a line. */
  result: string;
}

/** A job, for the work that runs in it. */
export interface Job {
  readonly record: JobRecord;
  readonly signal: AbortSignal;
  /** Told as often as one likes: it stays in memory. */
  progress(phase: string, share: number | undefined): void;
}

export type JobStart = { job: JobRecord; ended: Promise<JobRecord> } | { running: JobRecord };

const ID_BYTES = 4;
/** Ended jobs that are remembered. */
const REMEMBERED = 200;

/** A job that has not ended. */
export const isOpen = ({ state }: JobRecord): boolean => state === 'pending' || state === 'running';

export interface JobRunnerOptions {
  state: State;
  clock: Clock;
  random: RandomSource;
  /** How many run at the same time; see `Places`. */
  atOnce: number;
  /** Takes secrets out of what a job says of its end. */
  scrub?: (text: string) => string;
  /** Hears of every job that begins to work, and of every one that has ended. */
  onBegun?: (job: JobRecord) => void;
  onEnded?: (job: JobRecord) => void;
}

/** Runs jobs, each remembered from before its first step to after its last: so many at once, and no two that write the same source. */
export class JobRunner {
  readonly #state: State;
  readonly #clock: Clock;
  readonly #random: RandomSource;
  readonly #places: Places;
  readonly #options: JobRunnerOptions;
  readonly #open = new Map<string, { controller: AbortController; ended: Promise<JobRecord> }>();

  constructor(options: JobRunnerOptions) {
    const { state, clock, random, atOnce } = options;
    this.#options = options;
    this.#state = state;
    this.#clock = clock;
    this.#random = random;
    this.#places = new Places(atOnce);
  }

  /** Oldest first. */
  get jobs(): readonly JobRecord[] {
    return this.#state.document.jobs;
  }

  find(id: string): JobRecord | undefined {
    return this.jobs.find((job) => job.id === id);
  }

  /** The job that writes a source now, or waits to. */
  writerOf(source: string): JobRecord | undefined {
    return this.jobs.find((job) => isOpen(job) && job.source === source);
  }

  /**
   * Starts a job, or gives the one that writes the same source already. The job is on the list when this returns, as pending where it has to wait for others,
   * and on disk before `work` begins, as far as it can be saved at all. `work` tells failures by rejecting.
   */
  start(request: JobRequest, work: (job: Job) => Promise<JobOutcome>): JobStart {
    const running = request.source === undefined ? undefined : this.writerOf(request.source);
    if (running !== undefined) return { running };
    const record: JobRecord = {
      ...request,
      id: this.#random.bytes(ID_BYTES).toString('hex'),
      message: undefined,
      state: 'pending',
      phase: 'waiting',
      share: undefined,
      started: this.#now(),
      ended: undefined,
      result: undefined,
      told: false,
    };
    const controller = new AbortController();
    const place = this.#takePlace(record, controller.signal);
    const saved = this.#state.update(({ jobs }) => {
      jobs.push(record);
      forgetOld(jobs);
    });
    const ended = this.#run(record, controller, { saved, place, work });
    this.#open.set(record.id, { controller, ended });
    return { job: record, ended };
  }

  /** Asks a job that runs or waits to end; false where it has ended. */
  cancel(id: string, by: string): boolean {
    const running = this.#open.get(id);
    if (running === undefined || running.controller.signal.aborted) return false;
    running.controller.abort(new HoldfastError('interrupted', `Cancelled by ${by}`));
    return true;
  }

  /** Ends all jobs as interrupted. Resolves when they have ended. */
  async stop(): Promise<void> {
    const all = [...this.#open.values()];
    for (const { controller } of all) controller.abort(new Stopped());
    await Promise.all(all.map(({ ended }) => ended));
  }

  /** Remembers that the outcome reached whoever started the job. */
  told(id: string): Promise<void> {
    return this.#change(id, { told: true });
  }

  shownBy(id: string, message: JobRecord['message']): Promise<void> {
    return this.#change(id, { message });
  }

  /** To be called once at start: jobs that an earlier process left open are interrupted. Gives all whose outcome was never told. */
  async recover(): Promise<JobRecord[]> {
    const saved = this.#state.update(({ jobs }) => {
      for (const job of jobs.filter((one) => isOpen(one) && !this.#open.has(one.id))) {
        Object.assign(job, { state: 'interrupted', ended: this.#now(), result: 'The bot was stopped while it ran' });
      }
    });
    await saved.catch(() => {});
    return this.jobs.filter((job) => !isOpen(job) && !job.told);
  }

  /** The record is running when this returns, where there is a place at once. */
  #takePlace(record: JobRecord, signal: AbortSignal): { begun: Promise<void>; leave: () => void } {
    const { promise: begun, resolve, reject } = Promise.withResolvers<void>();
    const leave = this.#places.enter(isUnasked(record) ? 'background' : 'person', () => {
      Object.assign(record, { state: 'running', phase: 'starting', started: this.#now() });
      resolve();
    });
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    begun.catch(() => {});
    return { begun, leave };
  }

  async #run(record: JobRecord, { signal }: AbortController, { saved, place, work }: Start): Promise<JobRecord> {
    const begin = async (): Promise<JobOutcome> => {
      if (record.state === 'pending') {
        await place.begun;
        await this.#change(record.id, {});
      }
      signal.throwIfAborted();
      this.#options.onBegun?.(record);
      return work(this.#jobOf(record, signal));
    };
    // A full disk must not keep a backup from running: the job is known in memory, and the state says that it cannot be saved.
    const outcome = await saved
      .catch(() => {})
      .then(begin)
      .catch((error: unknown) => outcomeOf(error, signal));
    this.#open.delete(record.id);
    place.leave();
    const { scrub = (text: string) => text, onEnded } = this.#options;
    const result = scrub(outcome.result);
    const end = { ...outcome, result, ended: this.#now(), phase: 'ended', ...(isUnasked(record) && { told: true }) };
    await this.#change(record.id, end);
    onEnded?.(record);
    return record;
  }

  #jobOf(record: JobRecord, signal: AbortSignal): Job {
    return {
      record,
      signal,
      progress: (phase, share) => {
        Object.assign(record, { phase, share });
      },
    };
  }

  /** A full disk must not turn a finished job into a failed one: what cannot be saved stays known in memory. */
  async #change(id: string, change: Partial<JobRecord>): Promise<void> {
    const saved = this.#state.update(({ jobs }) => {
      const job = jobs.find((one) => one.id === id);
      if (job !== undefined) Object.assign(job, change);
    });
    await saved.catch(() => {});
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

interface Start {
  saved: Promise<void>;
  place: { begun: Promise<void>; leave: () => void };
  work: (job: Job) => Promise<JobOutcome>;
}

/** The bot ends, and its jobs with it. */
class Stopped extends HoldfastError {
  constructor() {
    super('interrupted', 'The bot was stopped while it ran');
  }
}

/** True for what jobs are aborted with when the bot ends. */
export const isStopped = (reason: unknown): boolean => reason instanceof Stopped;

function outcomeOf(error: unknown, signal: AbortSignal): JobOutcome {
  const result = error instanceof Error ? error.message : String(error);
  if (!signal.aborted) return { state: 'failed', result };
  const { reason } = signal;
  return { state: isStopped(reason) ? 'interrupted' : 'cancelled', result: (reason as Error).message };
}

function forgetOld(jobs: JobRecord[]): void {
  const ended = jobs.filter((job) => !isOpen(job) && job.told);
  for (const job of ended.slice(0, Math.max(ended.length - REMEMBERED, 0))) jobs.splice(jobs.indexOf(job), 1);
}
