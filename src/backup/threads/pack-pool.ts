import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { HoldfastError, isNoSpace, systemCode } from '../../shared/errors.ts';
import type { RandomSource } from '../../shared/random.ts';
import type { PackIndex } from '../format/pack-index.ts';
import type { SpoolFileSystem } from '../ports.ts';
import type { Posix } from '../posix/posix.ts';
import type { ChunkTable } from './chunk-table.ts';
import type {
  ChunksJob,
  ChunksResult,
  DigestJob,
  DigestResult,
  FilesJob,
  FilesResult,
  FromPacker,
  PackerJob,
  PackerResult,
  PackerSetup,
  ToPacker,
} from './pack-jobs.ts';
import { Packer } from './packer.ts';
import type { SpareThreads } from './spare-threads.ts';
import { startWorker } from './start-worker.ts';

/** Packing threads as the coordinator sees them. */
export interface PackPool {
  /** Hands out one job; resolves with its result. `cost` in bytes steers which thread gets it. */
  run(job: FilesJob, cost: number): Promise<FilesResult>;
  run(job: ChunksJob, cost: number): Promise<ChunksResult>;
  run(job: DigestJob, cost: number): Promise<DigestResult>;
  /** Resolves at once, or when enough work is done that more may be handed out. */
  ready(): Promise<void>;
  /** Replaces the table once no job is running. */
  useTable(grow: () => ChunkTable): Promise<void>;
  /** Closes the open packs: all of them have been given to `onPack` when it resolves. More work may follow. */
  finish(): Promise<void>;
  /** Ends the threads, whatever they do. */
  close(): Promise<void>;
}

export type OnPack = (path: string, index: PackIndex) => void;

/** Bytes that may wait for each thread: enough to keep it busy, little enough to stay in memory and to cancel quickly. */
const WAITING_BYTES = 4 * 2 ** 20;

/** How long a thread may take to let go of its files when it is ended in the middle of its work. */
const LET_GO_MS = 2000;

/**
 * A pool of worker threads, which boot when there is something to do, but for the spare ones, which become the first. `setup` is completed with each
 * thread's number.
 */
export function createThreadPool(
  count: number,
  setup: Omit<PackerSetup, 'thread'>,
  onPack: OnPack,
  spares: SpareThreads,
): PackPool {
  return new ThreadPool(count, setup, onPack, spares);
}

class ThreadPool implements PackPool {
  readonly #count: number;
  #setup: Omit<PackerSetup, 'thread'>;
  readonly #threads: Thread[] = [];
  readonly #jobs = new Map<
    number,
    { thread: Thread; cost: number; resolve: (result: PackerResult) => void; reject: (error: unknown) => void }
  >();
  /** Which thread makes which content's digest. */
  readonly #digests = new Map<number, Thread>();
  readonly #onPack: OnPack;
  readonly #spares: SpareThreads;
  #nextJob = 0;
  #failure: unknown;
  #waiting: { resolve: () => void; reject: (error: unknown) => void; when: () => boolean }[] = [];

  constructor(count: number, setup: Omit<PackerSetup, 'thread'>, onPack: OnPack, spares: SpareThreads) {
    this.#count = count;
    this.#setup = setup;
    this.#onPack = onPack;
    this.#spares = spares;
  }

  run(job: FilesJob, cost: number): Promise<FilesResult>;
  run(job: ChunksJob, cost: number): Promise<ChunksResult>;
  run(job: DigestJob, cost: number): Promise<DigestResult>;
  run(job: PackerJob, cost: number): Promise<PackerResult> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const thread = job.kind === 'digest' ? this.#digestThread(job) : this.#freeThread();
    const number = this.#nextJob++;
    thread.waiting += cost;
    thread.finished = false;
    return new Promise((resolve, reject) => {
      this.#jobs.set(number, { thread, cost, resolve, reject });
      this.#send(thread, { type: 'job', number, job });
    });
  }

  ready(): Promise<void> {
    return this.#until(
      () => this.#threads.length < this.#count || this.#threads.some((thread) => thread.waiting < WAITING_BYTES),
    );
  }

  async useTable(grow: () => ChunkTable): Promise<void> {
    await this.#until(() => this.#jobs.size === 0);
    const { shared } = grow();
    this.#setup = { ...this.#setup, table: shared };
    for (const thread of this.#threads) this.#send(thread, { type: 'table', table: shared });
  }

  async finish(): Promise<void> {
    for (const thread of this.#threads) {
      thread.finished = false;
      this.#send(thread, { type: 'finish' });
    }
    await this.#until(() => this.#threads.every((thread) => thread.finished));
  }

  async close(): Promise<void> {
    for (const thread of this.#threads) thread.ended = true;
    await Promise.all([this.#spares.close(), ...this.#threads.map((thread) => this.#end(thread))]);
    this.#fail(new HoldfastError('interrupted', 'The packing threads were ended.'));
  }

  /** A thread that is ended with a pack open leaves its descriptor to the process, and with it the disk space: so it is asked to let go first. */
  async #end(thread: Thread): Promise<void> {
    if (!thread.finished) {
      const gone = once(thread.worker, 'exit');
      this.#send(thread, { type: 'stop' });
      await Promise.race([gone, delay(LET_GO_MS, undefined, { ref: false })]);
    }
    await thread.worker.terminate();
  }

  /** The thread with the least to do; a new one where all have as much to do as they may, for booting one costs more than to pack a few megabytes. */
  #freeThread(): Thread {
    const [first, ...others] = this.#threads;
    if (first === undefined) return this.#startThread();
    const least = others.reduce((best, other) => (other.waiting < best.waiting ? other : best), first);
    return least.waiting >= WAITING_BYTES && this.#threads.length < this.#count ? this.#startThread() : least;
  }

  /** The thread that has hashed what came before, for it alone knows how far that went. */
  #digestThread({ content, last }: DigestJob): Thread {
    const thread = this.#digests.get(content) ?? this.#freeThread();
    if (last) this.#digests.delete(content);
    else this.#digests.set(content, thread);
    return thread;
  }

  #startThread(): Thread {
    const worker = this.#spares.take() ?? startWorker(import.meta.url, 'pack-worker');
    const thread: Thread = { worker, waiting: 0, finished: false, ended: false };
    worker.on('message', (message: FromPacker) => this.#receive(thread, message));
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', () => {
      if (!thread.ended) this.#fail(new HoldfastError('internal', 'A packing thread ended by itself.'));
    });
    this.#threads.push(thread);
    this.#send(thread, { type: 'setup', setup: { ...this.#setup, thread: this.#threads.length } });
    return thread;
  }

  #send(thread: Thread, message: ToPacker): void {
    thread.worker.postMessage(message);
  }

  #receive(thread: Thread, message: FromPacker): void {
    if (message.type === 'pack') this.#onPack(message.path, reviveIndex(message.index));
    else if (message.type === 'finished') thread.finished = true;
    else if (message.type === 'failed') this.#fail(packingError(message.message, message.code));
    else if (message.type === 'done') this.#done(message.number, message.result);
    this.#wake();
  }

  #done(number: number, result: PackerResult): void {
    const job = this.#jobs.get(number);
    if (job === undefined) return;
    this.#jobs.delete(number);
    job.thread.waiting -= job.cost;
    job.resolve(result);
  }

  #until(when: () => boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (when()) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject, when }));
  }

  #wake(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const waiter of waiting) {
      if (waiter.when()) waiter.resolve();
      else this.#waiting.push(waiter);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of this.#jobs.values()) reject(this.#failure);
    for (const { reject } of this.#waiting) reject(this.#failure);
    this.#jobs.clear();
    this.#waiting = [];
  }
}

interface Thread {
  worker: Worker;
  /** Bytes of the jobs that it has not answered. */
  waiting: number;
  /** It has no pack open. */
  finished: boolean;
  ended: boolean;
}

/** Buffers arrive as plain Uint8Arrays. */
function reviveIndex(index: PackIndex): PackIndex {
  const { records } = index;
  return {
    ...index,
    packs: index.packs.map((pack) => ({ ...pack, session: Buffer.from(pack.session) })),
    records: Buffer.from(records.buffer, records.byteOffset, records.byteLength),
  };
}

/** What to tell of an error of writing a pack into the spool folder. */
export function packingError(message: string, code: string | undefined): HoldfastError {
  if (isNoSpace({ code })) {
    return new HoldfastError('storage_full', `No room is left for the repository's new packs: ${message}.`, {
      advice: 'Free space on that disk, or run `forget` and then `prune --grace 0s`.',
    });
  }
  return new HoldfastError('store_failed', `A pack could not be written: ${message}.`);
}

/** The same without threads: everything happens in the caller's, at once. */
export function createInlinePool(
  setup: PackerSetup,
  ports: { files: SpoolFileSystem; posix: Posix; random: RandomSource },
  onPack: OnPack,
): PackPool {
  const packer = new Packer(setup, { ...ports, onPack: ({ path, index }) => onPack(path, index) });
  // Once a write has failed the open pack is of no use, so nothing may go on as if it were.
  let failure: HoldfastError | undefined;
  const attempt = <T>(work: () => T): Promise<T> => {
    if (failure !== undefined) return Promise.reject(failure);
    try {
      return Promise.resolve(work());
    } catch (error) {
      packer.abandon();
      failure = packingError(error instanceof Error ? error.message : String(error), systemCode(error));
      return Promise.reject(failure);
    }
  };
  return {
    run: ((job: PackerJob) => attempt(() => packer.run(job))) as PackPool['run'],
    ready: () => attempt(() => undefined),
    useTable: (grow) => attempt(() => packer.useTable(grow().shared)),
    finish: () => attempt(() => packer.finish()),
    close: () => Promise.resolve(packer.abandon()),
  };
}
