import type { ChunkMemory } from './chunk-memory.ts';
import { type ChunkerParameters, type ContentCuts, checkParameters } from './parameters.ts';

/**
 * Gives the length of the chunk that starts at address `start`, or 0 where the `length` bytes present there hold no cut
 * and more have to arrive. The first `scanned` of them are known to hold none, from an earlier call with fewer bytes.
 * What is left when the content ends is its last chunk.
 */
export type Chunker = (start: number, length: number, scanned: number) => number;

/** A chunker over content in `memory`. Throws HoldfastError `config` for sizes that cannot be used. */
export function createChunker(memory: ChunkMemory, parameters: ChunkerParameters): Chunker {
  checkParameters(parameters);
  if (parameters.kind === 'content') return createContentChunker(memory, parameters);
  const { sizeBytes } = parameters;
  return (_start, length) => (length >= sizeBytes ? sizeBytes : 0);
}

/**
 * Normalised chunking (FastCDC, level 2): lengths below the average need two more zero bits than its logarithm, lengths
 * from the average on two fewer, which gathers the sizes around the average. Nothing is cut below the minimum.
 */
function createContentChunker(memory: ChunkMemory, { minBytes, averageBytes, maxBytes }: ContentCuts): Chunker {
  const bits = Math.log2(averageBytes);

  /** The shortest length in [`shortest`, `longest`] that the hash cuts at, or 0. */
  const find = (start: number, shortest: number, longest: number, zeroBits: number): number => {
    if (shortest > longest) return 0;
    const address = memory.scan(start + shortest - 1, start + longest, zeroBits);
    return address === 0 ? 0 : address - start;
  };

  return (start, length, scanned) => {
    const shortest = Math.max(minBytes, scanned + 1);
    const early = find(start, shortest, Math.min(length, averageBytes - 1), bits + 2);
    if (early > 0) return early;
    const late = find(start, Math.max(shortest, averageBytes), Math.min(length, maxBytes - 1), bits - 2);
    if (late > 0) return late;
    return length >= maxBytes ? maxBytes : 0;
  };
}
