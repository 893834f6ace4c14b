import { abortError } from '../../../shared/abort.ts';
import type { Clock } from '../../../shared/clock.ts';

/** Shorter waits would cost more than they are good for. */
const LEAST_WAIT_MS = 20;

/** Keeps what is read from a source below a number of bytes a second on average. At most one second's worth is caught up on. */
export class ReadingPace {
  readonly #bytesPerSecond: number;
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  #allowed: number;
  #seen = 0;
  #atMs: number;

  constructor(bytesPerSecond: number, clock: Clock, signal: AbortSignal | undefined) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
    this.#signal = signal;
    this.#allowed = bytesPerSecond;
    this.#atMs = clock.monotonic();
  }

  /** Given all that was read so far; where that was too fast, the promise resolves when reading may go on. */
  keep(readBytes: number): Promise<void> | undefined {
    const now = this.#clock.monotonic();
    const earned = ((now - this.#atMs) / 1000) * this.#bytesPerSecond;
    this.#allowed = Math.min(this.#bytesPerSecond, this.#allowed + earned) - (readBytes - this.#seen);
    this.#seen = readBytes;
    this.#atMs = now;
    const waitMs = (-this.#allowed / this.#bytesPerSecond) * 1000;
    return waitMs < LEAST_WAIT_MS ? undefined : this.#wait(waitMs);
  }

  async #wait(ms: number): Promise<void> {
    try {
      await this.#clock.sleep(ms, this.#signal);
    } catch (error) {
      throw this.#signal?.aborted ? abortError(this.#signal) : error;
    }
  }
}
