import type { ByteRange, Store } from '../ports.ts';
import { StoreWrapper } from './store-wrapper.ts';

/** Objects up to this size are read at once. */
const AT_ONCE_BYTES = 2 ** 20;

/**
 * Gives of an object that is larger than it may be only the begin, which is not what its name says: a file of any length costs nothing to whoever can
 * write to the store, and would fill the memory of whoever reads it whole. Large objects are read one after the other for the same reason.
 */
export class BoundedStore extends StoreWrapper {
  readonly #limitOf: (name: string) => number;
  #last: Promise<unknown> = Promise.resolve();

  constructor(inner: Store, limitOf: (name: string) => number) {
    super(inner);
    this.#limitOf = limitOf;
  }

  override async get(name: string, range?: ByteRange, signal?: AbortSignal): Promise<Buffer> {
    if (range !== undefined) return super.get(name, range, signal);
    const most = this.#limitOf(name);
    const begin = await super.get(name, { offset: 0, length: Math.min(most + 1, AT_ONCE_BYTES) }, signal);
    if (begin.length < AT_ONCE_BYTES) return begin;
    const found = await super.stat(name, signal);
    if (found === undefined || found.size > most) return begin;
    const reading = this.#last.then(() => super.get(name, { offset: 0, length: most }, signal));
    this.#last = reading.catch(() => {});
    return reading;
  }
}
