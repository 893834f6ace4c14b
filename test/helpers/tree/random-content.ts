import { createCipheriv } from 'node:crypto';
import type { SeededRandom } from '../seeded-random.ts';

/** Bytes that do not compress, by the seed alone, and fast enough for large files. */
export function randomContent(random: SeededRandom, length: number): Buffer {
  const stream = createCipheriv('aes-128-ctr', random.bytes(16), Buffer.alloc(16));
  return stream.update(Buffer.alloc(length));
}
