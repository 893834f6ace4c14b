import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../../src/shared/clock.ts';

/** A clock that runs, that can be put forward, and whose sleeps take a share of their time. */
export class DiscordClock implements Clock {
  private aheadMs = 0;
  private readonly hurry: number;
  /** How long was asked to be slept, in order. */
  readonly sleeps: number[] = [];

  /** Sleeps take 1 / `hurry` of their time. */
  constructor(hurry = 1) {
    this.hurry = hurry;
  }

  now(): number {
    return Date.now() + this.aheadMs;
  }

  monotonic(): number {
    return performance.now() + this.aheadMs;
  }

  async sleep(ms: number, signal?: AbortSignal, options: { background?: boolean } = {}): Promise<void> {
    this.sleeps.push(ms);
    try {
      await delay(ms / this.hurry, undefined, { signal, ref: options.background !== true });
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  }

  putForward(ms: number): void {
    this.aheadMs += ms;
  }
}
