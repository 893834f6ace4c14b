import type { ChunkKind } from '../../../src/backup/format/pack-index.ts';
import { DATA, META, packName } from '../../../src/backup/format/pack-index.ts';
import { ChunkReader } from '../../../src/backup/repository/chunk-reader.ts';
import { ManifestReader } from '../../../src/backup/repository/manifest-reader.ts';
import type { Repository } from '../../../src/backup/repository/repository.ts';
import type { SnapshotRecord } from '../../../src/backup/repository/snapshots.ts';

/** A stretch of a pack: one copy of a chunk, as far as it can be damaged. */
export interface Stretch {
  pack: string;
  offset: number;
  length: number;
}

/** Each with any of its copies. */
export interface ContentPlaces {
  /** Lost with all entries. */
  fences: Stretch[][];
  parts: { copies: Stretch[]; files: FilePlaces[]; paths: string[] }[];
}

export interface FilePlaces {
  path: string;
  /** Chunks of content, and of the list of chunks where that has its own. */
  chunks: Stretch[][];
}

/** Where everything lies that a snapshot's files need. */
export async function mapContent(repository: Repository, { body }: SnapshotRecord): Promise<ContentPlaces> {
  const reader = new ChunkReader(repository);
  const index = await reader.index();
  const copiesOf = (id: Buffer, kind: ChunkKind): Stretch[] =>
    index
      .copies(id)
      .map((record) => index.copy(record))
      .filter(({ pack }) => pack.kind === kind)
      .map(({ pack, blockOffset, blockLength }) => {
        return { pack: packName(pack.id), offset: blockOffset, length: blockLength };
      });
  const manifest = new ManifestReader(reader, body.manifest);
  const parts: ContentPlaces['parts'] = [];
  for (const fence of await manifest.fences()) {
    const files: FilePlaces[] = [];
    const paths: string[] = [];
    for (const entry of await manifest.part(fence)) {
      paths.push(entry.path);
      if (entry.type !== 'file') continue;
      const list = entry.indirect === true ? (entry.chunks ?? []).map(({ id }) => copiesOf(id, META)) : [];
      const content = (await manifest.chunkList(entry)).map(({ id }) => copiesOf(id, DATA));
      files.push({ path: entry.path, chunks: [...list, ...content] });
    }
    parts.push({ copies: copiesOf(fence.manifest.id, META), files, paths });
  }
  return { fences: body.manifest.map(({ id }) => copiesOf(Buffer.from(id, 'hex'), META)), parts };
}

export interface ExpectedLoss {
  /** Files of which the content is lost, or of which nothing is known any more. */
  files: Set<string>;
  /** Everything else whose entry is lost: the manifest says no more of it. */
  entries: Set<string>;
}

/** What must be missing from a restore when only stretches for which `isWhole` holds can be read; everything else must be there. */
export function expectedLoss(places: ContentPlaces, isWhole: (stretch: Stretch) => boolean): ExpectedLoss {
  const isLost = (copies: readonly Stretch[]): boolean => !copies.some(isWhole);
  const loss: ExpectedLoss = { files: new Set(), entries: new Set() };
  const everything = places.fences.some(isLost);
  for (const { copies, files, paths } of places.parts) {
    const unknown = everything || isLost(copies);
    for (const { path, chunks } of files) if (unknown || chunks.some(isLost)) loss.files.add(path);
    for (const path of unknown ? paths : []) loss.entries.add(path);
  }
  return loss;
}
