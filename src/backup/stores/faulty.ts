import { readFile } from 'node:fs/promises';
import type { Clock } from '../../shared/clock.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { type RandomSource, randomFraction } from '../../shared/random.ts';
import type { ByteRange, ObjectInfo, SpooledFile, Store } from '../ports.ts';
import { DelayedListing } from './delayed-listing.ts';
import { StoreWrapper } from './store-wrapper.ts';

export type StoreCall = 'list' | 'get' | 'put' | 'delete' | 'stat';

/** What goes wrong. Chances are from 0 to 1 for each call; everything absent goes well. */
export interface Faults {
  /** Fail before anything happened. */
  failBefore?: number;
  /** Fail although it happened: the answer was lost. */
  failAfter?: number;
  /** A put stores a part under the final name, then fails. */
  truncatePut?: number;
  /** A get gives content in which one bit is wrong. */
  flipBit?: number;
  /** The call with this number, from 1, fails; `thenDead` also fails all calls behind it, as if the process had died. */
  failCall?: { number: number; when: 'before' | 'after'; thenDead?: boolean };
  /** Listings show each put and delete only after a random part of this time. */
  listingDelayMs?: number;
  /** Each call takes a random part of this time. */
  latencyMs?: number;
  /** Only these calls are counted and harmed; all of them when absent. */
  only?: (call: StoreCall, name: string) => boolean;
  /** Whether the errors say that a repetition may help; true when absent. */
  retryable?: boolean;
}

type Outcome = 'well' | 'before' | 'after' | 'truncated';

/** A store that fails as told, the same way again for the same random source and order of calls. */
export class FaultyStore extends StoreWrapper {
  readonly #faults: Faults;
  readonly #random: RandomSource;
  readonly #clock: Clock;
  readonly #listing: DelayedListing;
  #calls = 0;
  #dead = false;

  constructor(inner: Store, faults: Faults, random: RandomSource, clock: Clock) {
    super(inner);
    this.#faults = faults;
    this.#random = random;
    this.#clock = clock;
    this.#listing = new DelayedListing(() => this.#untilMs(), clock);
  }

  /** How many calls were counted so far. */
  get calls(): number {
    return this.#calls;
  }

  override async list(prefix: string, signal?: AbortSignal): Promise<ObjectInfo[]> {
    return this.#run('list', prefix, async () => this.#listing.show(prefix, await this.inner.list(prefix, signal)));
  }

  override async get(name: string, range?: ByteRange, signal?: AbortSignal): Promise<Buffer> {
    const content = await this.#run('get', name, () => this.inner.get(name, range, signal));
    if (this.#concerns('get', name) && this.#happens(this.#faults.flipBit)) this.#flipBit(content);
    return content;
  }

  override async put(name: string, body: Uint8Array | SpooledFile, signal?: AbortSignal): Promise<void> {
    const store = async (bytes: Uint8Array | SpooledFile) => {
      const before = await this.inner.stat(name, signal);
      await this.inner.put(name, bytes, signal);
      if (before === undefined) this.#listing.notePut(name);
    };
    // A spooled file must outlive a failure, so what is going to fail is put from memory.
    await this.#run('put', name, () => store(body), {
      after: async () => store(await contentOf(body)),
      truncated: async () => {
        const content = await contentOf(body);
        await store(content.subarray(0, Math.floor(randomFraction(this.#random) * content.length)));
      },
    });
  }

  override async delete(name: string, signal?: AbortSignal): Promise<void> {
    await this.#run('delete', name, async () => {
      const before = await this.inner.stat(name, signal);
      await this.inner.delete(name, signal);
      if (before !== undefined) this.#listing.noteDelete({ name, size: before.size });
    });
  }

  override async stat(name: string, signal?: AbortSignal): Promise<{ size: number } | undefined> {
    return this.#run('stat', name, () => this.inner.stat(name, signal));
  }

  /** None: what is read behind the store's back cannot fail as told. */
  override localPath(): undefined {
    return undefined;
  }

  async #run<T>(
    call: StoreCall,
    name: string,
    well: () => Promise<T>,
    harmed: { after?: () => Promise<unknown>; truncated?: () => Promise<unknown> } = {},
  ): Promise<T> {
    const outcome = this.#decide(call, name);
    if (this.#faults.latencyMs) await this.#clock.sleep(randomFraction(this.#random) * this.#faults.latencyMs);
    if (outcome === 'well') return well();
    if (outcome === 'after') await (harmed.after ?? well)();
    if (outcome === 'truncated') await harmed.truncated?.();
    throw new HoldfastError('store_failed', `Injected fault: ${call} ${name} failed (${outcome}).`, {
      retryable: this.#faults.retryable ?? true,
    });
  }

  #decide(call: StoreCall, name: string): Outcome {
    if (this.#dead) return 'before';
    if (!this.#concerns(call, name)) return 'well';
    this.#calls += 1;
    const { failCall, failBefore, failAfter, truncatePut } = this.#faults;
    if (failCall?.number === this.#calls) {
      this.#dead = failCall.thenDead ?? false;
      return failCall.when;
    }
    if (this.#happens(failBefore)) return 'before';
    if (this.#happens(failAfter)) return 'after';
    if (call === 'put' && this.#happens(truncatePut)) return 'truncated';
    return 'well';
  }

  #concerns(call: StoreCall, name: string): boolean {
    return this.#faults.only?.(call, name) ?? true;
  }

  #happens(chance = 0): boolean {
    return chance > 0 && randomFraction(this.#random) < chance;
  }

  #flipBit(content: Buffer): void {
    const at = Math.floor(randomFraction(this.#random) * content.length);
    if (at < content.length) content[at] = (content[at] ?? 0) ^ (1 << Math.floor(randomFraction(this.#random) * 8));
  }

  #untilMs(): number {
    return this.#clock.now() + randomFraction(this.#random) * (this.#faults.listingDelayMs ?? 0);
  }
}

async function contentOf(body: Uint8Array | SpooledFile): Promise<Uint8Array> {
  return body instanceof Uint8Array ? body : readFile(body.path);
}
