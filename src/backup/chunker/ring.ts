import { HoldfastError } from '../../shared/errors.ts';

/** A run of bytes: addresses are offsets into the buffer that all threads share. */
export interface Span {
  offset: number;
  length: number;
}

/** A finished chunk, whose bytes stay where they are until each holder has released the ticket. */
export interface RingChunk extends Span {
  ticket: number;
}

interface Held {
  offset: number;
  holders: number;
}

/**
 * A ring of fixed size in which every chunk lies in one piece. Content is read in behind the unfinished chunk, cut off
 * its front, and handed out; space is used again once all that was handed out before it has been released. Where the
 * room at the end runs out, the unfinished chunk (and nothing else) moves to the start: one short copy a lap.
 *
 *     start        oldest held     unfinished   filled                end
 *     |  free      |  held         |  bytes     |  free               |
 */
export class ChunkRing {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  #unfinished: number;
  #filled: number;
  /** Chunks from the oldest one not yet released; the first has ticket `#firstTicket`. */
  readonly #held: Held[] = [];
  #firstTicket = 0;

  constructor(region: { buffer: ArrayBufferLike; start: number; end: number }) {
    this.#bytes = new Uint8Array(region.buffer);
    this.#start = region.start;
    this.#end = region.end;
    this.#unfinished = region.start;
    this.#filled = region.start;
  }

  /** The bytes that have arrived and belong to no chunk yet. A later `reserve` may move them. */
  get unfinished(): Span {
    return { offset: this.#unfinished, length: this.#filled - this.#unfinished };
  }

  /**
   * Room for what comes next, right behind the unfinished bytes: from `least` to `most` bytes. Undefined while holders
   * keep too much: ask again after a release, for which no holder may in turn wait for later chunks. Throws HoldfastError
   * `internal` where waiting would never help.
   */
  reserve(least: number, most: number): Span | undefined {
    // An idle ring starts over, so that little content touches little memory.
    if (this.#held.length === 0 && this.unfinished.length === 0) this.#moveToStart();
    const behind = this.#roomBehind();
    if (behind >= least) return { offset: this.#filled, length: Math.min(most, behind) };
    const length = this.unfinished.length;
    const ahead = this.#roomAtStart() - length;
    if (ahead < least) {
      if (this.#held.length > 0) return undefined;
      throw new HoldfastError(
        'internal',
        `The chunk ring of ${this.#end - this.#start} bytes has no room for ${least} bytes beside an unfinished chunk of ${length}.`,
      );
    }
    this.#moveToStart();
    return { offset: this.#filled, length: Math.min(most, ahead) };
  }

  /** Says that `length` bytes now stand in the room last reserved. */
  commit(length: number): void {
    if (length > this.#roomBehind()) throw new RangeError(`${length} bytes were committed, more than were reserved`);
    this.#filled += length;
  }

  /** Cuts the first `length` unfinished bytes off as a chunk that `holders` consumers must each release once. */
  take(length: number, holders: number): RingChunk {
    const { offset, length: present } = this.unfinished;
    if (length < 1 || length > present) throw new RangeError(`a chunk of ${length} bytes was cut from ${present}`);
    this.#held.push({ offset, holders });
    this.#unfinished += length;
    return { ticket: this.#firstTicket + this.#held.length - 1, offset, length };
  }

  /** Gives up one consumer's hold on a chunk. Any order will do. */
  release(ticket: number): void {
    const held = this.#held[ticket - this.#firstTicket];
    if (held === undefined || held.holders === 0) throw new RangeError(`chunk ${ticket} was released once too often`);
    held.holders -= 1;
    while (this.#held[0]?.holders === 0) {
      this.#held.shift();
      this.#firstTicket += 1;
    }
  }

  /** Forgets the unfinished bytes, where their content could not be read to its end. */
  discard(): void {
    this.#filled = this.#unfinished;
  }

  /** True once the held chunks run over the end: the oldest then stands above what is being filled. */
  #wrapped(): boolean {
    const oldest = this.#held[0];
    return oldest !== undefined && oldest.offset >= this.#filled;
  }

  #roomBehind(): number {
    const oldest = this.#held[0];
    return (oldest !== undefined && this.#wrapped() ? oldest.offset : this.#end) - this.#filled;
  }

  /** Bytes at the start of the ring that nothing but the unfinished chunk itself may stand in. */
  #roomAtStart(): number {
    if (this.#wrapped()) return 0;
    return (this.#held[0]?.offset ?? this.#end) - this.#start;
  }

  #moveToStart(): void {
    this.#bytes.copyWithin(this.#start, this.#unfinished, this.#filled);
    this.#filled = this.#start + this.unfinished.length;
    this.#unfinished = this.#start;
  }
}
