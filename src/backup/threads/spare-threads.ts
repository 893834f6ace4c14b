import type { Worker } from 'node:worker_threads';
import { startWorker } from './start-worker.ts';

/**
 * Packing threads that boot before there is anything to pack: while keys are derived, which one processor does alone, or while a session opens, which
 * is waiting for the disk.
 */
export class SpareThreads {
  #workers: Worker[] = [];
  #wanted = 0;
  #booted = 0;

  /** Sees to it that `count` threads boot in all: one after the other, to leave a processor to whoever is waited for. */
  boot(count: number): void {
    this.#wanted = Math.max(this.#wanted, count);
    if (this.#booted === 0) this.#bootNext();
  }

  /** A thread, which may still be booting, and is then the caller's. Where there is none, the caller starts its own, and no more are booted. */
  take(): Worker | undefined {
    const worker = this.#workers.shift();
    if (worker === undefined) this.#wanted = 0;
    return worker;
  }

  /** Ends those that were not taken. */
  async close(): Promise<void> {
    this.#wanted = 0;
    const workers = this.#workers;
    this.#workers = [];
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #bootNext(): void {
    if (this.#booted >= this.#wanted) return;
    this.#booted++;
    const worker = startWorker(import.meta.url, 'pack-worker');
    this.#workers.push(worker);
    // One that cannot boot is none; whoever then starts its own is told why.
    worker.once('error', () => {
      this.#workers = this.#workers.filter((other) => other !== worker);
    });
    worker.once('message', () => this.#bootNext());
  }
}
