import { toHex } from '../../shared/bytes.ts';
import { type ChunkKind, DATA, META } from '../format/pack-index.ts';
import type { ChunkReader } from './chunk-reader.ts';
import { ManifestReader, type ManifestRefs } from './manifest-reader.ts';

/** Parts of manifests that were visited already: snapshots of one source share most of theirs. */
export type VisitedParts = Set<string>;

/**
 * Calls `use` for every chunk that a snapshot needs: fences, manifest and side chunks, lists, content. Parts in `visited` are left out,
 * and new ones added once they were read whole. Throws `damaged` where a part cannot be read.
 */
export async function visitChunks(
  chunks: ChunkReader,
  refs: ManifestRefs,
  visited: VisitedParts,
  use: (kind: ChunkKind, id: Buffer) => void,
): Promise<void> {
  for (const ref of refs) use(META, Buffer.from(ref.id, 'hex'));
  const manifest = new ManifestReader(chunks, refs);
  for (const fence of await manifest.fences()) {
    use(META, fence.manifest.id);
    if (fence.side !== undefined) use(META, fence.side.id);
    const key = toHex(fence.manifest.id);
    if (visited.has(key)) continue;
    for (const entry of await manifest.part(fence)) {
      for (const { id } of entry.chunks ?? []) use(entry.indirect === true ? META : DATA, id);
      // Waiting for each of a million files costs more than looking at them.
      if (entry.indirect !== true) continue;
      for await (const run of manifest.chunkRuns(entry)) for (const { id } of run) use(DATA, id);
    }
    visited.add(key);
  }
}
