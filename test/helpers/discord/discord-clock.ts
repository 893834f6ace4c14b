import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../../src/shared/clock.ts';

/**
 * A clock that stands still but for what is slept and what a test puts it forward, so that a slow machine makes nobody late. Sleeps take a share of
 * their time.
 */
export class DiscordClock implements Clock {
  private readonly startMs = Date.now();
  private readonly hurry: number;
  private elapsedMs = 0;

  /** Sleeps take 1 / `hurry` of their time. */
  constructor(hurry = 1) {
    this.hurry = hurry;
  }

  now(): number {
    return Math.floor(this.startMs + this.elapsedMs);
  }

  monotonic(): number {
    return this.elapsedMs;
  }

  async sleep(ms: number, signal?: AbortSignal, options: { background?: boolean } = {}): Promise<void> {
    const endMs = this.elapsedMs + ms;
    try {
      await delay(ms / this.hurry, undefined, { signal, ref: options.background !== true });
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
    this.elapsedMs = Math.max(this.elapsedMs, endMs);
  }

  putForward(ms: number): void {
    this.elapsedMs += ms;
  }
}
