import { FoundList } from './found-list.ts';
import type { Found } from './walk.ts';

/** Entries that may be looked at before anyone can use them: a bound on memory. */
const MOST_AHEAD = 98_304;
/** Entries between two looks at whether others want to run. */
const SLICE = 256;

/** A walk that begins before its consumer is ready, so that the disk is read while keys are derived. */
export class WalkAhead implements Iterable<Found> {
  readonly #walk: Iterator<Found>;
  readonly #found = new FoundList();
  #failure: unknown;
  #failed = false;
  #ended = false;
  #bytes = 0;

  constructor(walk: Iterable<Found>) {
    this.#walk = walk[Symbol.iterator]();
  }

  /** Entries that were found and not asked for yet. */
  get length(): number {
    return this.#found.length;
  }

  /** Of all files that were found ahead. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Walks on until `enough` settles, the end, or the bound; true for the end. Failures are kept for whoever iterates. */
  async runUntil(enough: Promise<unknown>): Promise<boolean> {
    let waiting = true;
    const stop = () => {
      waiting = false;
    };
    enough.then(stop, stop);
    while (waiting && !this.#ended && this.#found.length < MOST_AHEAD) {
      for (let i = 0; i < SLICE && !this.#ended; i++) this.#step();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this.#ended && !this.#failed;
  }

  *[Symbol.iterator](): Generator<Found> {
    try {
      yield* this.#found.take();
      if (this.#failed) throw this.#failure;
      if (!this.#ended) yield* { [Symbol.iterator]: () => this.#walk };
    } finally {
      this.close();
    }
  }

  /** Lets go of the folders that the walk holds open, where nobody will see it to its end. */
  close(): void {
    this.#ended = true;
    this.#walk.return?.();
  }

  #step(): void {
    try {
      const next = this.#walk.next();
      if (next.done === true) {
        this.#ended = true;
        return;
      }
      this.#found.push(next.value);
      if (next.value.status.type === 'file') this.#bytes += next.value.status.size;
    } catch (error) {
      this.#failure = error;
      this.#failed = true;
      this.#ended = true;
    }
  }
}
