import { createHash } from 'node:crypto';
import type { Span } from '../../chunker/ring.ts';
import { ZEROS } from '../../threads/pack-jobs.ts';
import type { PackPool } from '../../threads/pack-pool.ts';

/** Hashing is about this part of the work of packing as many bytes: it steers how much else the thread is given. */
const SHARE_OF_PACKING = 1 / 4;

/**
 * The SHA-256 of one content, made by one of the packing threads while the reader reads on. It is given the content as it is cut into chunks, whose
 * memory has to stay as it is until what `send` gave has resolved.
 */
export class ContentDigest {
  readonly #pool: Pick<PackPool, 'run'>;
  readonly #content: number;
  /** Zeros that belong behind so many bytes of data. */
  #zeros: { behind: number; length: number }[] = [];
  #spans: number[] = [];
  #taken = 0;
  #started = false;

  /** `content` is a number that no other digest of the pool has. */
  constructor(pool: Pick<PackPool, 'run'>, content: number) {
    this.#pool = pool;
    this.#content = content;
  }

  /** Zeros that follow after the first `behind` bytes of data, which may have been taken only in part. */
  addZeros(behind: number, length: number): void {
    if (length > 0) this.#zeros.push({ behind, length });
  }

  /** The next data, wherever the content has zeros in it. */
  take({ offset, length }: Span): void {
    const begin = this.#taken;
    const end = begin + length;
    while ((this.#zeros[0]?.behind ?? end) < end) {
      const { behind, length: zeros } = this.#zeros.shift() as { behind: number; length: number };
      this.#add(offset + this.#taken - begin, behind - this.#taken);
      this.#add(ZEROS, zeros);
      this.#taken = behind;
    }
    this.#add(offset + this.#taken - begin, end - this.#taken);
    this.#taken = end;
  }

  /** Has what was taken hashed. */
  async send(): Promise<void> {
    await this.#run(false);
  }

  /** The digest of everything. */
  async finish(): Promise<Buffer> {
    for (const { length } of this.#zeros) this.#add(ZEROS, length);
    // Nothing need be started for nothing.
    if (!this.#started && this.#spans.length === 0) return createHash('sha256').digest();
    const digest = (await this.#run(true)) as Uint8Array;
    return Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength);
  }

  /** Has what was hashed so far forgotten. */
  async abandon(): Promise<void> {
    this.#spans = [];
    if (this.#started) await this.#run(true);
  }

  #add(offset: number, length: number): void {
    if (length > 0) this.#spans.push(offset, length);
  }

  async #run(last: boolean): Promise<Uint8Array | undefined> {
    const spans = this.#spans;
    this.#spans = [];
    this.#started = true;
    const bytes = spans.reduce((sum, length, i) => (i % 2 === 0 ? sum : sum + length), 0);
    const job = { kind: 'digest' as const, content: this.#content, spans, last };
    return (await this.#pool.run(job, bytes * SHARE_OF_PACKING)).digest;
  }
}
