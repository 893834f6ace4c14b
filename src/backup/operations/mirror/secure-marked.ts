import { toHex } from '../../../shared/bytes.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import type { ChunkKind, PackInfo } from '../../format/pack-index.ts';
import { ChunkReader } from '../../repository/chunk-reader.ts';
import { LiveKeeper } from '../../repository/ensure-live.ts';
import { addUnindexedPacks, readIndexRuns, toChunkIndex } from '../../repository/index-loader.ts';
import { ChunkMemory } from '../../repository/remembered-chunks.ts';
import type { Repository } from '../../repository/repository.ts';
import type { Session } from '../../repository/sessions.ts';
import type { SnapshotRecord } from '../../repository/snapshots.ts';
import { visitChunks } from '../../repository/used-chunks.ts';

export interface MarkedPacks {
  snapshots: readonly SnapshotRecord[];
  /** Packs of the repository with their sizes. */
  listed: ReadonlyMap<string, number>;
  /** Packs that the mirror will have: it may not take the others. */
  available: (pack: PackInfo) => boolean;
}

/**
 * Marked packs are never taken over into a mirror, but snapshots may still need what only they hold. That is stored again here, as the collector would do
 * before it deletes them. True where anything was stored.
 *
 * @throws HoldfastError `refused` where that is needed and the repository can only be read
 */
export async function secureMarked(
  repository: Repository,
  session: Session | undefined,
  { snapshots, listed, available }: MarkedPacks,
): Promise<boolean> {
  const loaded = await readIndexRuns(repository);
  await addUnindexedPacks(repository, loaded, listed);
  const index = toChunkIndex(loaded);
  const chunks = new ChunkReader(repository, index);
  const memory = new ChunkMemory();
  const looked = new Set<string>();
  const use = (kind: ChunkKind, id: Buffer): void => {
    const key = `${kind}${toHex(id)}`;
    if (looked.has(key)) return;
    const packs = index.copies(id).map((record) => index.copy(record).pack);
    const [home] = packs;
    if (home === undefined || packs.some(available)) return;
    looked.add(key);
    memory.set(kind, Buffer.from(id), packs.find(({ id: pack }) => listed.has(pack)) ?? home);
  };
  const visited = new Set<string>();
  for (const { body } of snapshots) await visitChunks(chunks, body.manifest, visited, use);
  if (looked.size === 0) return false;
  if (session === undefined) {
    throw new HoldfastError('refused', 'Some content lies only in packs that are marked for deletion.', {
      advice: 'Open the repository for writing, or prune it, then mirror again.',
    });
  }
  await new LiveKeeper(repository, session.bytes, memory).ensure();
  return true;
}
