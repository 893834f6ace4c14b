import { createHash, type Hash } from 'node:crypto';
import { type DigestJob, type DigestResult, ZEROS } from './pack-jobs.ts';

const SOME_ZEROS = new Uint8Array(64 * 1024);

/** The SHA-256 of contents that come along piece by piece in shared memory, several at once. */
export class RunningDigests {
  readonly #memory: Uint8Array;
  readonly #hashes = new Map<number, Hash>();

  constructor(memory: Uint8Array) {
    this.#memory = memory;
  }

  run({ content, spans, last }: DigestJob): DigestResult {
    const hash = this.#hashes.get(content) ?? createHash('sha256');
    for (let i = 0; i < spans.length; i += 2) this.#update(hash, spans[i] as number, spans[i + 1] as number);
    if (last) this.#hashes.delete(content);
    else this.#hashes.set(content, hash);
    return { kind: 'digest', digest: last ? hash.digest() : undefined };
  }

  #update(hash: Hash, offset: number, length: number): void {
    if (offset !== ZEROS) {
      hash.update(this.#memory.subarray(offset, offset + length));
      return;
    }
    for (let left = length; left > 0; left -= SOME_ZEROS.length) {
      hash.update(left >= SOME_ZEROS.length ? SOME_ZEROS : SOME_ZEROS.subarray(0, left));
    }
  }
}
