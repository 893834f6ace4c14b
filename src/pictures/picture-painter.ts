import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../shared/clock.ts';
import { HoldfastError } from '../shared/errors.ts';
import type { PaintAnswer, PaintRequest } from './paint-messages.ts';

/** A picture takes a tenth of a second; one that takes longer than this is not worth a core. */
const LONGEST_MS = 20_000;
/** Then the thread gives its memory back. */
const IDLE_MS = 60_000;

export interface PainterOptions {
  clock: Clock;
  /** Starts the thread; a test gives one that dies. */
  start?: () => Worker;
}

/**
 * Makes PNG of SVG in one thread, one picture after the other. The thread is there only while it is needed, and one that dies takes along nothing but the pictures it
 * was asked for: the next one gets a new thread.
 */
export class PicturePainter {
  readonly #options: PainterOptions;
  readonly #asked = new Map<number, PromiseWithResolvers<Uint8Array>>();
  #worker: Worker | undefined;
  #number = 0;

  constructor(options: PainterOptions) {
    this.#options = options;
  }

  /** @throws HoldfastError `failed` */
  readonly paint = async (svg: string): Promise<Uint8Array> => {
    const id = ++this.#number;
    const answer = Promise.withResolvers<Uint8Array>();
    this.#asked.set(id, answer);
    const worker = this.#running();
    worker.postMessage({ id, svg } satisfies PaintRequest);
    const settled = new AbortController();
    this.#options.clock.sleep(LONGEST_MS, settled.signal, { background: true }).then(
      () => this.#fail(worker, 'it took too long'),
      () => {},
    );
    try {
      return await answer.promise;
    } finally {
      settled.abort();
      this.#asked.delete(id);
      this.#endWhenIdle(id);
    }
  };

  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker !== undefined) this.#fail(worker, 'Holdfast is stopping');
    await worker?.terminate();
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = (this.#options.start ?? startPaintWorker)();
    this.#worker = worker;
    worker.unref();
    worker.on('message', (answer: PaintAnswer) => {
      const asked = this.#asked.get(answer.id);
      if ('png' in answer) asked?.resolve(answer.png);
      else asked?.reject(failure(answer.error));
    });
    worker.on('error', (error: Error) => this.#fail(worker, error.message));
    worker.on('exit', () => this.#fail(worker, 'its thread ended'));
    return worker;
  }

  /** The thread is of no use any more: whoever waits for it is told. */
  #fail(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    worker.terminate().catch(() => {});
    for (const { reject } of this.#asked.values()) reject(failure(reason));
  }

  #endWhenIdle(last: number): void {
    this.#options.clock.sleep(IDLE_MS, undefined, { background: true }).then(
      () => {
        const worker = this.#worker;
        if (worker !== undefined && this.#number === last && this.#asked.size === 0) this.#fail(worker, 'idle');
      },
      () => {},
    );
  }
}

const failure = (reason: string): HoldfastError =>
  new HoldfastError('failed', `The picture could not be painted: ${reason}`, { retryable: true });

const startPaintWorker = (): Worker =>
  new Worker(new URL(`./paint-worker${extname(import.meta.filename)}`, import.meta.url), { env: {} });
