import { setTimeout as delay } from 'node:timers/promises';

/** Time, injected wherever it matters, so that tests decide what time it is. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z; jumps when the system's clock is set. */
  now(): number;
  /** Milliseconds since some fixed moment; never goes back. For durations only. */
  monotonic(): number;
  /**
   * Resolves after `ms` milliseconds; rejects with the signal's reason as soon as it aborts. A background sleep does not keep
   * the process alive.
   */
  sleep(ms: number, signal?: AbortSignal, options?: { background?: boolean }): Promise<void>;
}

/** Node's timers fire at once when asked for more than 2^31 - 1 milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

async function sleep(ms: number, signal?: AbortSignal, options: { background?: boolean } = {}): Promise<void> {
  const end = performance.now() + ms;
  try {
    for (let left = ms; left > 0; left = end - performance.now()) {
      await delay(Math.min(left, LONGEST_TIMER_MS), undefined, { signal, ref: options.background !== true });
    }
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  }
  signal?.throwIfAborted();
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now(), sleep };
