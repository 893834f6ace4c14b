import type { ChunkKind } from '../format/pack-index.ts';

export interface ChunkUse {
  kind: ChunkKind;
  id: Buffer;
}

/** What a writer remembers of its manifest's chunks: where each of them is. */
export interface RememberedChunks {
  /** Every pack that holds a remembered chunk, with the size that the index gave: written, deduplicated or inherited. */
  packs(): ReadonlyMap<string, number>;
  /** The chunks that are remembered in any of these packs. Asked for only when a pack was lost. */
  chunksIn(packs: ReadonlySet<string>): Iterable<ChunkUse> | AsyncIterable<ChunkUse>;
}

/** Remembers chunks one by one in memory: for small manifests and for repairs. */
export class ChunkMemory implements RememberedChunks {
  readonly #chunks = new Map<string, ChunkUse & { pack: string }>();
  readonly #packs = new Map<string, number>();

  set(kind: ChunkKind, id: Buffer, pack: { id: string; size: number }): void {
    this.#chunks.set(id.toString('latin1'), { kind, id, pack: pack.id });
    this.#packs.set(pack.id, pack.size);
  }

  /** The same without what is remembered in `packs`. */
  without(packs: ReadonlySet<string>): ChunkMemory {
    const rest = new ChunkMemory();
    for (const { kind, id, pack } of this.#chunks.values()) {
      if (!packs.has(pack)) rest.set(kind, id, { id: pack, size: this.#packs.get(pack) as number });
    }
    return rest;
  }

  packs(): ReadonlyMap<string, number> {
    return this.#packs;
  }

  *chunksIn(packs: ReadonlySet<string>): Generator<ChunkUse> {
    for (const chunk of this.#chunks.values()) if (packs.has(chunk.pack)) yield chunk;
  }
}
