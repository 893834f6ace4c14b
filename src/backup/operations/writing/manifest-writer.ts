import type { ChunkRef } from '../../entry.ts';
import {
  type DecodedPart,
  encodeFenceChunk,
  type Fence,
  ManifestBuilder,
  type ManifestPart,
  type SideRecord,
  type SideTable,
} from '../../format/manifest.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';

/** Fences in one fence chunk: far below the limit of a chunk, whatever the paths' lengths. */
const FENCES_PER_CHUNK = 4096;
const FENCE_CHUNK_BYTES = 2 ** 20;

/** Writes the manifest of a snapshot: entries in, chunk references out. */
export class ManifestWriter {
  readonly #builder: ManifestBuilder;
  readonly #storeMeta: (content: Buffer) => ChunkRef;
  readonly #refs: ChunkRef[] = [];
  #fences: Fence[] = [];
  #fenceBytes = 0;

  constructor(manifestKey: Buffer, storeMeta: (content: Buffer) => ChunkRef) {
    this.#builder = new ManifestBuilder(manifestKey);
    this.#storeMeta = storeMeta;
  }

  /** Adds one entry, in manifest order. */
  add(entry: StoredEntry, side: SideRecord): void {
    this.#store(this.#builder.add(entry, side));
  }

  /** Adds one entry of another manifest's part. */
  copy(part: DecodedPart, sides: SideTable, number: number): void {
    this.#store(this.#builder.copy(part, sides, number));
  }

  /**
   * Adds a whole part of another manifest that is stored already, where the parts of this one end right before it. False where they do not: then
   * nothing was added. The caller has made sure that its chunks are there.
   */
  reuse(fence: Fence): boolean {
    if (!this.#builder.endsBefore(fence.firstPath)) return false;
    this.#store(this.#builder.finish());
    this.#addFence(fence);
    return true;
  }

  /** The fence chunks: `manifest` of the snapshot's body. */
  finish(): { id: string; length: number }[] {
    this.#store(this.#builder.finish());
    this.#closeFences();
    return this.#refs.map(({ id, length }) => ({ id: id.toString('hex'), length }));
  }

  #store(part: ManifestPart | undefined): void {
    if (part === undefined) return;
    const manifest = alone(this.#storeMeta(part.manifest));
    const side = alone(this.#storeMeta(part.side));
    this.#addFence({ firstPath: part.firstPath, count: part.count, manifest, side });
  }

  #addFence(fence: Fence): void {
    this.#fences.push(fence);
    this.#fenceBytes += fence.firstPath.length;
    if (this.#fences.length >= FENCES_PER_CHUNK || this.#fenceBytes >= FENCE_CHUNK_BYTES) this.#closeFences();
  }

  #closeFences(): void {
    if (this.#fences.length === 0) return;
    this.#refs.push(this.#storeMeta(encodeFenceChunk(this.#fences)));
    this.#fences = [];
    this.#fenceBytes = 0;
  }
}

/** With an ID in memory of its own: thousands of fences wait here, and each would keep the pool alive that its ID was cut from. */
function alone({ id, length }: ChunkRef): ChunkRef {
  const copy = Buffer.allocUnsafeSlow(id.length);
  id.copy(copy);
  return { id: copy, length };
}
