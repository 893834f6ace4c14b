import type { Worker } from 'node:worker_threads';
import { HoldfastError } from '../../shared/errors.ts';
import { startWorker } from './start-worker.ts';
import { Verifier } from './verifier.ts';
import type { FromVerifier, PackJob, PackJobResult, ToVerifier, VerifySetup } from './verify-jobs.ts';

/** Verifying threads as the coordinator sees them. */
export interface VerifyPool {
  /** Jobs that may be under way at once: what is handed out beyond that only waits. */
  readonly width: number;
  run(job: PackJob): Promise<PackJobResult>;
  /** Ends the threads, whatever they do. */
  close(): Promise<void>;
}

/** Threads that are started early, before there are keys to give them: booting overlaps with opening the repository. */
export function startVerifyWorkers(count: number): Worker[] {
  return Array.from({ length: count }, () => startWorker(import.meta.url, 'verify-worker'));
}

/** A pool over booted workers; without any, everything happens in the caller's thread. */
export function createVerifyPool(workers: readonly Worker[], setup: VerifySetup): VerifyPool {
  return workers.length > 0 ? new ThreadPool(workers, setup) : inlinePool(setup);
}

interface Thread {
  worker: Worker;
  jobs: Map<number, { resolve: (result: PackJobResult) => void; reject: (error: unknown) => void }>;
}

class ThreadPool implements VerifyPool {
  readonly width: number;
  readonly #threads: Thread[];
  #nextJob = 0;
  #failure: unknown;

  constructor(workers: readonly Worker[], setup: VerifySetup) {
    // One job at work and one waiting, so that no thread stands idle.
    this.width = 2 * workers.length;
    this.#threads = workers.map((worker) => {
      const thread: Thread = { worker, jobs: new Map() };
      worker.on('message', (message: FromVerifier) => this.#receive(thread, message));
      worker.on('error', (error) => this.#fail(error));
      worker.on('exit', () => this.#fail(new HoldfastError('internal', 'A verifying thread ended by itself.')));
      worker.postMessage({ type: 'setup', setup } satisfies ToVerifier);
      return thread;
    });
  }

  run(job: PackJob): Promise<PackJobResult> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const thread = this.#threads.reduce((least, other) => (other.jobs.size < least.jobs.size ? other : least));
    const number = this.#nextJob++;
    return new Promise((resolve, reject) => {
      thread.jobs.set(number, { resolve, reject });
      thread.worker.postMessage({ type: 'job', number, job } satisfies ToVerifier);
    });
  }

  async close(): Promise<void> {
    this.#fail(new HoldfastError('interrupted', 'The verifying threads were ended.'));
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #receive(thread: Thread, message: FromVerifier): void {
    if (message.type === 'failed') {
      this.#fail(new HoldfastError('internal', message.message));
      return;
    }
    const job = thread.jobs.get(message.number);
    thread.jobs.delete(message.number);
    job?.resolve(revived(message.result));
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const { jobs } of this.#threads) {
      for (const { reject } of jobs.values()) reject(this.#failure);
      jobs.clear();
    }
  }
}

/** Buffers arrive as plain Uint8Arrays. */
function revived(result: PackJobResult): PackJobResult {
  if (!('held' in result) || result.held === undefined) return result;
  const { packs, records } = result.held;
  const held = {
    ...result.held,
    packs: packs.map((pack) => ({ ...pack, session: Buffer.from(pack.session) })),
    records: Buffer.from(records.buffer, records.byteOffset, records.byteLength),
  };
  return { ...result, held };
}

function inlinePool(setup: VerifySetup): VerifyPool {
  const verifier = new Verifier(setup);
  return { width: 1, run: async (job) => verifier.run(job), close: () => Promise.resolve() };
}
