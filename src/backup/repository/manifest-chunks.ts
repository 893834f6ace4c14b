import { META } from '../format/pack-index.ts';
import type { ChunkIndex } from './chunk-index.ts';
import { ChunkReader } from './chunk-reader.ts';
import { addUnindexedPacks, readIndexRuns, toChunkIndex } from './index-loader.ts';
import type { ManifestRefs } from './manifest-reader.ts';
import { listPacks } from './packs.ts';
import type { ChunkUse, RememberedChunks } from './remembered-chunks.ts';
import type { Repository } from './repository.ts';
import { visitChunks } from './used-chunks.ts';

/**
 * Remembers the packs of a manifest's chunks and not the chunks, of which there may be millions. In the rare case that a pack was
 * collected, the manifest is read: every chunk that no remaining pack is known to hold counts as lost. That does not rest on index runs
 * that name the lost pack, since they may have been compacted away.
 */
export class ManifestChunks implements RememberedChunks {
  readonly #repository: Repository;
  readonly #refs: ManifestRefs;
  readonly #packs: ReadonlyMap<string, number>;
  readonly #lost = new Set<string>();

  /** `packs` are all packs that hold a chunk of the manifest, with the sizes that the index gave. */
  constructor(repository: Repository, refs: ManifestRefs, packs: ReadonlyMap<string, number>) {
    this.#repository = repository;
    this.#refs = refs;
    this.#packs = packs;
  }

  packs(): ReadonlyMap<string, number> {
    return this.#packs;
  }

  /** Throws `damaged` where a part of the manifest itself is gone. */
  async *chunksIn(packs: ReadonlySet<string>): AsyncGenerator<ChunkUse> {
    for (const id of packs) this.#lost.add(id);
    const loaded = await readIndexRuns(this.#repository);
    await addUnindexedPacks(this.#repository, loaded, await listPacks(this.#repository.store));
    const index = toChunkIndex(loaded);
    const lost = new Map<string, ChunkUse>();
    await visitChunks(new ChunkReader(this.#repository, index), this.#refs, new Set(), (kind, id) => {
      if (!this.#isHeld(index, id))
        lost.set(`${kind === META ? 'm' : 'd'}${id.toString('latin1')}`, { kind, id: Buffer.from(id) });
    });
    yield* lost.values();
  }

  #isHeld(index: ChunkIndex, id: Buffer): boolean {
    return index.copies(id).some((record) => {
      const { pack } = index.copy(record);
      return this.#packs.get(pack.id) === pack.size && !this.#lost.has(pack.id);
    });
  }
}
