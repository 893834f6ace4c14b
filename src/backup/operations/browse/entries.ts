import type { StoredEntry } from '../../format/manifest-entry.ts';
import type { ManifestReader } from '../../repository/manifest-reader.ts';
import type { Repository } from '../../repository/repository.ts';
import type { ListedEntry } from '../../types.ts';
import { listedEntry } from './listed-entry.ts';
import { openManifest } from './open-manifest.ts';
import { resolvePath } from './snapshot-path.ts';

export interface EntriesRequest {
  /** The whole snapshot where absent. */
  path?: string | undefined;
  /** Everything below, which is the default, or only what lies directly in the folder. */
  recursive?: boolean | undefined;
}

/**
 * What lies below a folder of a snapshot, in manifest order and without the folder itself; of anything else than a folder, that alone.
 *
 * @throws HoldfastError `not_found` for the snapshot or the path
 */
export async function* listEntries(
  repository: Repository,
  id: string,
  { path = '', recursive = true }: EntriesRequest = {},
): AsyncGenerator<ListedEntry> {
  const { manifest } = await openManifest(repository, id);
  const found = await resolvePath(manifest, path);
  if (found.entry !== undefined && found.entry.type !== 'directory') {
    yield listedEntry(found.entry);
    return;
  }
  const entries = recursive ? below(manifest, found.path) : manifest.folder(found.path);
  for await (const entry of entries) yield listedEntry(entry);
}

async function* below(manifest: ManifestReader, folder: string): AsyncGenerator<StoredEntry> {
  for await (const entry of manifest.entries({ below: folder })) if (entry.path !== folder) yield entry;
}
