import { abortError } from '../../shared/abort.ts';
import type { Clock } from '../../shared/clock.ts';
import type { ByteRange, SpooledFile, Store } from '../ports.ts';
import { StoreWrapper } from './store-wrapper.ts';

export interface ThrottleLimits {
  uploadBytesPerSecond?: number | undefined;
  downloadBytesPerSecond?: number | undefined;
}

/**
 * Keeps the average of what goes up and of what comes down below a number of bytes per second each. Objects move as a
 * whole: an upload waits for its turn before, a download after.
 */
export class ThrottledStore extends StoreWrapper {
  readonly #up: TokenBucket;
  readonly #down: TokenBucket;

  constructor(inner: Store, limits: ThrottleLimits, clock: Clock) {
    super(inner);
    this.#up = new TokenBucket(limits.uploadBytesPerSecond ?? Number.POSITIVE_INFINITY, clock);
    this.#down = new TokenBucket(limits.downloadBytesPerSecond ?? Number.POSITIVE_INFINITY, clock);
  }

  override async put(name: string, body: Uint8Array | SpooledFile, signal?: AbortSignal): Promise<void> {
    await this.#up.take(body instanceof Uint8Array ? body.length : body.size, signal);
    await this.inner.put(name, body, signal);
  }

  override async get(name: string, range?: ByteRange, signal?: AbortSignal): Promise<Buffer> {
    const content = await this.inner.get(name, range, signal);
    await this.#down.take(content.length, signal);
    return content;
  }

  /** None: what is read behind the store's back cannot be counted. */
  override localPath(): undefined {
    return undefined;
  }
}

/** A bucket that holds one second's worth, fills at `bytesPerSecond`, and may be overdrawn: who overdraws waits it out. */
class TokenBucket {
  readonly #rate: number;
  readonly #clock: Clock;
  #tokens: number;
  #filledAtMs: number;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.#rate = bytesPerSecond;
    this.#clock = clock;
    this.#tokens = bytesPerSecond;
    this.#filledAtMs = clock.monotonic();
  }

  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    if (this.#rate === Number.POSITIVE_INFINITY) return;
    this.#fill();
    this.#tokens -= bytes;
    if (this.#tokens >= 0) return;
    try {
      await this.#clock.sleep((-this.#tokens / this.#rate) * 1000, signal);
    } catch (error) {
      this.#tokens += bytes;
      throw signal?.aborted ? abortError(signal) : error;
    }
  }

  #fill(): void {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#rate, this.#tokens + ((now - this.#filledAtMs) / 1000) * this.#rate);
    this.#filledAtMs = now;
  }
}
