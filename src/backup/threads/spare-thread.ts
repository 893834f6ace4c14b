import type { Worker } from 'node:worker_threads';
import { startWorker } from './start-worker.ts';

/**
 * A packing thread that boots before there is anything to pack. Booting takes longer than to open a session, which is waiting for the disk, and
 * until then the other processors have nothing to do.
 */
export class SpareThread {
  #worker: Worker | undefined;

  constructor() {
    const worker = startWorker(import.meta.url, 'pack-worker');
    this.#worker = worker;
    // One that cannot boot is none; whoever then starts its own is told why.
    worker.once('error', () => {
      this.#worker = undefined;
    });
  }

  /** The thread, which is then the caller's. */
  take(): Worker | undefined {
    const worker = this.#worker;
    this.#worker = undefined;
    return worker;
  }

  /** Ends it, unless it was taken. */
  async close(): Promise<void> {
    await this.take()?.terminate();
  }
}
