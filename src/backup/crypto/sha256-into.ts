import { hash } from 'node:crypto';

const DIGEST_BYTES = 32;

/**
 * Writes the SHA-256 of `content` into `digests` at `at`. As text on the way: a digest of its own in a Buffer takes longer to allocate than a few
 * kilobytes take to hash, and a million of them leave the process's memory in pieces.
 */
export function sha256Into(content: Uint8Array, digests: Buffer, at: number): void {
  digests.write(hash('sha256', content, 'binary'), at, DIGEST_BYTES, 'latin1');
}
