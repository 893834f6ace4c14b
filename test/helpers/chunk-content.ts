import type { ChunkMemory } from '../../src/backup/chunker/chunk-memory.ts';
import { createChunker } from '../../src/backup/chunker/chunker.ts';
import { cutArrived, cutRest } from '../../src/backup/chunker/cut-arrived.ts';
import type { ChunkerParameters } from '../../src/backup/chunker/parameters.ts';
import { ChunkRing, type RingChunk } from '../../src/backup/chunker/ring.ts';

/**
 * Reads `content` into a ring over `memory` in pieces of at most `piece()` bytes, keeping up to `kept` chunks before they
 * are released, and gives a copy of each chunk, made when it is released.
 */
export function chunkContent(
  memory: ChunkMemory,
  parameters: ChunkerParameters,
  content: Uint8Array,
  piece: () => number = () => content.length,
  kept = 0,
): Buffer[] {
  const ring = new ChunkRing(memory);
  const chunker = createChunker(memory, parameters);
  const held: RingChunk[] = [];
  const copies: Buffer[] = [];
  const releaseOldest = (): void => {
    const chunk = held.shift();
    if (chunk === undefined) throw new Error('the ring is full although nothing is held');
    copies.push(Buffer.from(new Uint8Array(memory.buffer, chunk.offset, chunk.length)));
    ring.release(chunk.ticket);
  };
  let at = 0;
  while (at < content.length) {
    const room = ring.reserve(1, Math.max(1, piece()));
    if (room === undefined) {
      releaseOldest();
      continue;
    }
    const bytes = content.subarray(at, at + room.length);
    new Uint8Array(memory.buffer).set(bytes, room.offset);
    at += bytes.length;
    held.push(...cutArrived(ring, chunker, bytes.length, 1));
    while (held.length > kept) releaseOldest();
  }
  const last = cutRest(ring, 1);
  if (last !== undefined) held.push(last);
  while (held.length > 0) releaseOldest();
  return copies;
}
