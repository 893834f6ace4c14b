import type { Span } from '../../chunker/ring.ts';
import type { ChunksResult } from '../../threads/pack-jobs.ts';
import type { WritingSession } from './writing-session.ts';

/** Handed to one thread at once: one block. */
const GROUP_BYTES = 2 ** 20;

/**
 * Stores chunks that are cut already and come one by one: small files of an archive, chunks of another repository. They are gathered in shared memory
 * and handed to the packing threads a block at a time. Everything else that uses the session's memory has to wait for `settle`.
 */
export class ChunkFeeder {
  readonly #session: WritingSession;
  readonly #bytes: Uint8Array;
  readonly #running = new Set<Promise<void>>();
  #room: Span | undefined;
  #group: { spans: number[]; tickets: number[]; bytes: number } = { spans: [], tickets: [], bytes: 0 };
  #failure: unknown;
  /** Content that was new to the repository. */
  bytesAdded = 0;

  constructor(session: WritingSession) {
    this.#session = session;
    this.#bytes = new Uint8Array(session.memory.buffer);
  }

  /** Room for a chunk of `length` bytes. It may be left unused. */
  async room(length: number): Promise<Uint8Array> {
    await this.#session.ready();
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      this.#room = this.#session.ring.reserve(length, length);
      if (this.#room !== undefined) break;
      this.#send();
      await Promise.race(this.#running);
    }
    return this.#bytes.subarray(this.#room.offset, this.#room.offset + length);
  }

  /** Makes all of the room last given a chunk. */
  take(): void {
    const { ring } = this.#session;
    if (this.#room === undefined) throw new RangeError('a chunk was taken for which there is no room');
    ring.commit(this.#room.length);
    const { ticket, offset, length } = ring.take(this.#room.length, 1);
    this.#room = undefined;
    this.#group.spans.push(offset, length);
    this.#group.tickets.push(ticket);
    this.#group.bytes += length;
    if (this.#group.bytes >= GROUP_BYTES) this.#send();
  }

  /** Everything taken so far is in the hands of a pack. */
  async settle(): Promise<void> {
    this.#send();
    while (this.#running.size > 0) await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #send(): void {
    const { spans, tickets, bytes } = this.#group;
    if (tickets.length === 0) return;
    this.#group = { spans: [], tickets: [], bytes: 0 };
    const done = (result: ChunksResult): void => {
      this.bytesAdded += result.bytesAdded;
      for (const ticket of tickets) this.#session.ring.release(ticket);
    };
    const failed = (error: unknown): void => {
      this.#failure ??= error;
    };
    const running = this.#session.pool.run({ kind: 'chunks', spans }, bytes).then(done, failed);
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }
}
