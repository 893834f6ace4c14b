import type { ChunkRef } from '../../entry.ts';
import { encodeChunkList } from '../../format/manifest.ts';

/** Lists longer than this are kept in meta chunks of their own. */
const INLINE_CHUNKS = 1024;
const MIN_PART = 256;
const MAX_PART = 4096;
const BOUNDARY_MASK = 0x3ff;

/**
 * Collects the chunks of one file in order. Long lists go into meta chunks as they grow, cut where a chunk's ID says so, so that a small edit of
 * a large file stores a small part of its list again.
 */
export class ChunkListBuilder {
  readonly #storeMeta: (content: Buffer) => ChunkRef;
  #open: ChunkRef[] = [];
  #parts: ChunkRef[] = [];
  #count = 0;

  constructor(storeMeta: (content: Buffer) => ChunkRef) {
    this.#storeMeta = storeMeta;
  }

  get count(): number {
    return this.#count;
  }

  add(id: Buffer, length: number): void {
    this.#open.push({ id, length });
    this.#count++;
    if (this.#parts.length === 0 && this.#open.length <= INLINE_CHUNKS) return;
    if (this.#parts.length === 0) this.#moveOut();
    else if (this.#endsPart(id, this.#open.length)) this.#closePart(this.#open.length);
  }

  finish(): { chunks: ChunkRef[]; indirect: boolean } {
    if (this.#parts.length === 0) return { chunks: this.#open, indirect: false };
    if (this.#open.length > 0) this.#closePart(this.#open.length);
    return { chunks: this.#parts, indirect: true };
  }

  /** Cuts what was kept inline so far, exactly as if it had been cut from the start. */
  #moveOut(): void {
    const all = this.#open;
    this.#open = [];
    for (const chunk of all) {
      this.#open.push(chunk);
      if (this.#endsPart(chunk.id, this.#open.length)) this.#closePart(this.#open.length);
    }
  }

  #endsPart(id: Buffer, length: number): boolean {
    return length >= MAX_PART || (length >= MIN_PART && (id.readUInt16LE(0) & BOUNDARY_MASK) === 0);
  }

  #closePart(length: number): void {
    this.#parts.push(this.#storeMeta(encodeChunkList(this.#open.slice(0, length))));
    this.#open = this.#open.slice(length);
  }
}
