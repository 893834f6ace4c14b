import { abortError, throwIfAborted } from '../../shared/abort.ts';
import type { Clock } from '../../shared/clock.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { type RandomSource, randomFraction } from '../../shared/random.ts';
import type { ByteRange, ObjectInfo, SpooledFile, Store } from '../ports.ts';
import { StoreWrapper } from './store-wrapper.ts';

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 30_000;
/** With the delays above about a minute in all: longer outages are for whoever runs the operation again. */
const ATTEMPTS = 8;

/**
 * Repeats calls that fail with a `retryable` error, up to 8 times in all; then the last error stands. Between them it waits
 * 250 ms, doubled each time up to 30 s, of which a random part of up to a half is left out, so that clients that failed
 * together do not return together.
 */
export class RetryingStore extends StoreWrapper {
  readonly #clock: Clock;
  readonly #random: RandomSource;

  constructor(inner: Store, clock: Clock, random: RandomSource) {
    super(inner);
    this.#clock = clock;
    this.#random = random;
  }

  override list(prefix: string, signal?: AbortSignal): Promise<ObjectInfo[]> {
    return this.#retry(() => this.inner.list(prefix, signal), signal);
  }

  override get(name: string, range?: ByteRange, signal?: AbortSignal): Promise<Buffer> {
    return this.#retry(() => this.inner.get(name, range, signal), signal);
  }

  override put(name: string, body: Uint8Array | SpooledFile, signal?: AbortSignal): Promise<void> {
    return this.#retry(() => this.inner.put(name, body, signal), signal);
  }

  override delete(name: string, signal?: AbortSignal): Promise<void> {
    return this.#retry(() => this.inner.delete(name, signal), signal);
  }

  override stat(name: string, signal?: AbortSignal): Promise<{ size: number } | undefined> {
    return this.#retry(() => this.inner.stat(name, signal), signal);
  }

  override freeBytes(): Promise<number | undefined> {
    return this.#retry(() => this.inner.freeBytes());
  }

  override spoolFolder(): Promise<string> {
    return this.#retry(() => this.inner.spoolFolder());
  }

  async #retry<T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      throwIfAborted(signal);
      try {
        return await call();
      } catch (error) {
        const mayHelp = error instanceof HoldfastError && error.retryable;
        if (!mayHelp || attempt === ATTEMPTS) throw error;
      }
      await this.#pause(attempt, signal);
    }
  }

  async #pause(attempt: number, signal?: AbortSignal): Promise<void> {
    const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
    try {
      await this.#clock.sleep(longest * (1 - randomFraction(this.#random) / 2), signal);
    } catch (error) {
      throw signal?.aborted ? abortError(signal) : error;
    }
  }
}
