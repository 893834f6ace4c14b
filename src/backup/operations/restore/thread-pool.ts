import type { Worker } from 'node:worker_threads';
import { HoldfastError } from '../../../shared/errors.ts';
import type { Posix } from '../../posix/posix.ts';
import { startWorker } from '../../threads/start-worker.ts';
import { describeFailure, threadFailure } from './failures.ts';
import type { FromThread, Job, JobResult, ThreadSetup, ToThread } from './jobs.ts';
import { Restorer } from './restorer.ts';

/** Jobs that a thread may have before it, the one at work included: enough that it never stands idle while the coordinator is at work itself. */
const QUEUE = 4;

interface Thread {
  worker: Worker;
  exited: Promise<void>;
  jobs: Map<number, { resolve: (result: JobResult) => void; reject: (error: unknown) => void }>;
}

/** The restoring threads as the coordinator sees them. */
export interface RestoreThreads {
  /** How many there are. */
  readonly width: number;
  /** Resolves when a job can be handed out without piling up, with the number of the thread that has the least to do. */
  ready(): Promise<number>;
  /** In the thread of this number, else in the one that has the least to do. Rejects with a HoldfastError, or an error shaped like Node's system errors. */
  run(job: Job, thread?: number): Promise<JobResult>;
  /** Ends the threads once they have done what they were given. Safe to call twice. */
  close(): Promise<void>;
}

/** Threads that boot; what they are to do is told later. */
export function startRestoreWorkers(count: number): Worker[] {
  return Array.from({ length: count }, () => startWorker(import.meta.url, 'thread'));
}

/** Restores in these threads; without any, the caller's own does everything, at once, by `posix`. */
export function createRestoreThreads(workers: readonly Worker[], setup: ThreadSetup, posix: Posix): RestoreThreads {
  return workers.length === 0 ? new InlineThread(setup, posix) : new WorkerThreads(workers, setup);
}

class InlineThread implements RestoreThreads {
  readonly width = 1;
  readonly #restorer: Restorer;

  constructor(setup: ThreadSetup, posix: Posix) {
    this.#restorer = new Restorer(setup, posix);
  }

  ready(): Promise<number> {
    return Promise.resolve(0);
  }

  async run(job: Job): Promise<JobResult> {
    try {
      return this.#restorer.run(job);
    } catch (error) {
      throw threadFailure(describeFailure(error, this.#restorer.path));
    }
  }

  async close(): Promise<void> {
    this.#restorer.close();
  }
}

class WorkerThreads implements RestoreThreads {
  readonly #threads: Thread[];
  #nextJob = 0;
  #waiting: (() => void)[] = [];
  #ended: HoldfastError | undefined;

  constructor(workers: readonly Worker[], setup: ThreadSetup) {
    this.#threads = workers.map((worker) => this.#begin(worker, setup));
  }

  get width(): number {
    return this.#threads.length;
  }

  async ready(): Promise<number> {
    while (this.#ended === undefined && this.#threads.every(({ jobs }) => jobs.size >= QUEUE)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.#threads.indexOf(this.#idlest);
  }

  get #idlest(): Thread {
    return this.#threads.reduce((least, other) => (other.jobs.size < least.jobs.size ? other : least));
  }

  run(job: Job, wanted?: number): Promise<JobResult> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const thread = wanted === undefined ? this.#idlest : (this.#threads[wanted] as Thread);
    const number = this.#nextJob++;
    return new Promise((resolve, reject) => {
      thread.jobs.set(number, { resolve, reject });
      thread.worker.postMessage({ type: 'job', number, job } satisfies ToThread);
    });
  }

  async close(): Promise<void> {
    this.#end(new HoldfastError('interrupted', 'The restoring threads were ended.'));
    for (const { worker } of this.#threads) worker.postMessage({ type: 'close' } satisfies ToThread);
    await Promise.all(this.#threads.map(({ exited }) => exited));
  }

  #begin(worker: Worker, setup: ThreadSetup): Thread {
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const thread: Thread = { worker, exited, jobs: new Map() };
    worker.on('message', (message: FromThread) => this.#receive(thread, message));
    worker.on('error', (error) => this.#end(error));
    worker.on('exit', () => this.#end(new HoldfastError('internal', 'A restoring thread ended by itself.')));
    worker.postMessage({ type: 'setup', setup } satisfies ToThread);
    return thread;
  }

  #receive(thread: Thread, message: FromThread): void {
    const job = thread.jobs.get(message.number);
    thread.jobs.delete(message.number);
    if (message.type === 'done') job?.resolve(message.result);
    else job?.reject(threadFailure(message.error));
    this.#wake();
  }

  #end(reason: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended =
      reason instanceof HoldfastError
        ? reason
        : new HoldfastError('internal', `A restoring thread failed: ${String(reason)}`, { cause: reason });
    for (const { jobs } of this.#threads) {
      for (const { reject } of jobs.values()) reject(this.#ended);
      jobs.clear();
    }
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
