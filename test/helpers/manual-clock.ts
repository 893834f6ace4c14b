import type { Clock } from '../../src/shared/clock.ts';

interface Sleeper {
  atMs: number;
  wake: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  private readonly startMs: number;
  private elapsedMs = 0;
  private sleepers: Sleeper[] = [];

  constructor(startMs = Date.UTC(2030, 0, 1)) {
    this.startMs = startMs;
  }

  now(): number {
    return this.startMs + this.elapsedMs;
  }

  monotonic(): number {
    return this.elapsedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (ms <= 0) return resolve();
      const abort = () => {
        this.sleepers = this.sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason);
      };
      const wake = () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const sleeper: Sleeper = { atMs: this.elapsedMs + ms, wake };
      this.sleepers.push(sleeper);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** How many sleeps are under way. */
  get sleeping(): number {
    return this.sleepers.length;
  }

  /** Moves time on, waking sleepers in order; what they do, new sleeps included, happens at their own moment. */
  async advance(ms: number): Promise<void> {
    const endMs = this.elapsedMs + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.sleepers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.sleepers = this.sleepers.filter((other) => other !== next);
      this.elapsedMs = next.atMs;
      next.wake();
    }
    this.elapsedMs = endMs;
  }
}
