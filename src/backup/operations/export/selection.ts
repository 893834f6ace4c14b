import type { ByteString } from '../../../shared/bytes.ts';
import { comparePaths } from '../../entry.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import type { ManifestReader } from '../../repository/manifest-reader.ts';
import { resolvePath } from '../browse/snapshot-path.ts';

/** The entries of a snapshot that are at or below some paths, in manifest order, each once. Can be read more than once. */
export class ExportSelection {
  readonly #manifest: ManifestReader;
  readonly #paths: readonly ByteString[];

  private constructor(manifest: ManifestReader, paths: readonly ByteString[]) {
    this.#manifest = manifest;
    this.#paths = paths;
  }

  /** Without paths everything is meant. Throws `not_found` for a path that the snapshot does not have. */
  static async of(manifest: ManifestReader, paths: readonly string[]): Promise<ExportSelection> {
    const found: ByteString[] = [];
    for (const path of paths.length === 0 ? [''] : paths) found.push((await resolvePath(manifest, path)).path);
    const ordered = found.sort(comparePaths);
    const outermost: ByteString[] = [];
    for (const path of ordered) {
      const last = outermost.at(-1);
      if (last === undefined || !(last === '' || path === last || path.startsWith(`${last}/`))) outermost.push(path);
    }
    return new ExportSelection(manifest, outermost);
  }

  async *entries(): AsyncGenerator<StoredEntry> {
    for (const below of this.#paths) yield* this.#manifest.entries({ below });
  }
}
