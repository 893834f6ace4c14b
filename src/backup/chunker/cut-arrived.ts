import type { Chunker } from './chunker.ts';
import type { ChunkRing, RingChunk } from './ring.ts';

/**
 * Takes note of `arrived` bytes read into the room that the ring reserved, and cuts every chunk that they finish. The
 * chunks are the same however the content is split. Each is held for `holders` consumers.
 */
export function cutArrived(ring: ChunkRing, chunker: Chunker, arrived: number, holders: number): RingChunk[] {
  let scanned = ring.unfinished.length;
  ring.commit(arrived);
  const chunks: RingChunk[] = [];
  for (;;) {
    const { offset, length } = ring.unfinished;
    const cut = chunker(offset, length, scanned);
    if (cut === 0) return chunks;
    chunks.push(ring.take(cut, holders));
    scanned = 0;
  }
}

/** The last chunk of a content that has ended, or undefined where the last cut was at its very end. */
export function cutRest(ring: ChunkRing, holders: number): RingChunk | undefined {
  const { length } = ring.unfinished;
  return length === 0 ? undefined : ring.take(length, holders);
}
