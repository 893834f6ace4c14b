import { createSharedMemory, PAGE_BYTES } from '../../shared/wasm.ts';
import { createGearScan, type GearScan } from './gear-scanner.ts';
import { deriveGearTable } from './gear-table.ts';

/**
 * Shared memory that content is read into, cut in, and handed to other threads from, without a copy. Addresses are
 * offsets into `buffer`; content may lie in [`start`, `end`). Below `start` lies the gear table.
 */
export interface ChunkMemory {
  readonly buffer: SharedArrayBuffer;
  readonly start: number;
  readonly end: number;
  readonly scan: GearScan;
}

/**
 * Memory with room for `sizeBytes` of content, a multiple of 64 KiB. Pages that are never written take no memory.
 * The 32-byte chunker key decides the content-defined cuts of everything read into it.
 */
export function createChunkMemory(key: Uint8Array, sizeBytes: number): ChunkMemory {
  const pages = sizeBytes / PAGE_BYTES;
  if (!Number.isInteger(pages)) throw new RangeError(`${sizeBytes} bytes of chunk memory are no multiple of 64 KiB`);
  const table = deriveGearTable(key);
  const memory = createSharedMemory(1 + pages);
  new Uint8Array(memory.buffer).set(table);
  return { buffer: memory.buffer, start: PAGE_BYTES, end: PAGE_BYTES + sizeBytes, scan: createGearScan(memory) };
}
