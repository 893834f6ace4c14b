import { ChunkReader } from '../../repository/chunk-reader.ts';
import { ManifestReader } from '../../repository/manifest-reader.ts';
import type { Repository } from '../../repository/repository.ts';
import { readCatalog, resolveSnapshot, type SnapshotRecord } from '../../repository/snapshots.ts';

export interface OpenManifest {
  record: SnapshotRecord;
  manifest: ManifestReader;
}

/** Finds a snapshot and opens its manifest. Throws as `resolveSnapshot` does. */
export async function openManifest(
  repository: Repository,
  id: string,
  chunks = new ChunkReader(repository),
): Promise<OpenManifest> {
  const record = resolveSnapshot(await readCatalog(repository), { id });
  return { record, manifest: new ManifestReader(chunks, record.body.manifest) };
}
