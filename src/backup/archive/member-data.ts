import { HoldfastError } from '../../shared/errors.ts';
import type { ByteStream } from './byte-stream.ts';
import { BLOCK_SIZE, paddingAfter } from './tar-block.ts';

const PIECE = 1024 * 1024;

/** The data of one member in the stream: read once, in order, and only until the next member is asked for. */
export class MemberData {
  readonly #stream: ByteStream;
  readonly #padding: number;
  #remaining: number;
  #isPassed = false;

  constructor(stream: ByteStream, size: number) {
    this.#stream = stream;
    this.#remaining = size;
    this.#padding = paddingAfter(size);
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.#remaining;
  }

  /** One block from the front of the data. */
  async block(): Promise<Buffer> {
    if (this.#remaining < BLOCK_SIZE) {
      throw new HoldfastError('damaged', 'The archive has a sparse map that is longer than its member.');
    }
    const block = await this.#stream.read(BLOCK_SIZE);
    this.#remaining -= block.length;
    if (block.length < BLOCK_SIZE) throw cutShort(this.#stream.position);
    return block;
  }

  async *content(): AsyncGenerator<Buffer> {
    while (this.#remaining > 0) {
      if (this.#isPassed) throw new HoldfastError('internal', 'The data of an archive member was read too late.');
      yield await this.#piece();
    }
  }

  /** Passes over what was not read, and the padding. */
  async skip(): Promise<void> {
    this.#isPassed = this.#remaining > 0;
    for (let left = this.#remaining + this.#padding; left > 0; ) {
      const bytes = await this.#stream.take(left);
      if (bytes === undefined) throw cutShort(this.#stream.position);
      left -= bytes.length;
    }
  }

  async #piece(): Promise<Buffer> {
    const bytes = await this.#stream.take(Math.min(this.#remaining, PIECE));
    if (bytes === undefined) throw cutShort(this.#stream.position);
    this.#remaining -= bytes.length;
    return bytes;
  }
}

export function cutShort(position: number): HoldfastError {
  return new HoldfastError('damaged', `The archive is cut short: it ends at byte ${position}, inside a member.`, {
    advice: 'Fetch or create the archive again.',
  });
}
