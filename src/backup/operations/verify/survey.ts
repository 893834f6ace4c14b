import type { ChunkReader } from '../../repository/chunk-reader.ts';
import type { SnapshotRecord } from '../../repository/snapshots.ts';
import type { Copies } from './copies.ts';
import { walkManifest } from './manifest-walk.ts';

/** Which chunks snapshots need. */
export interface Survey {
  /** By record of the index: 1 where its chunk is needed. */
  used: Uint8Array;
  /** One record of each chunk that is needed. */
  chunks: number[];
  /** False where a part of a manifest cannot be read, or the index does not know a chunk. */
  complete: boolean;
}

/** Visits everything that the snapshots need. Parts of manifests that several of them share are read once. */
export async function surveySnapshots(
  snapshots: readonly SnapshotRecord[],
  reader: ChunkReader,
  copies: Copies,
  signal?: AbortSignal,
): Promise<Survey> {
  const survey: Survey = { used: new Uint8Array(copies.index.recordLimit), chunks: [], complete: true };
  const visited = new Set<string>();
  const use = (id: Buffer): void => {
    const records = copies.of(id);
    const first = records[0];
    if (first === undefined) survey.complete = false;
    else if (survey.used[first] === 0) {
      for (const record of records) survey.used[record] = 1;
      survey.chunks.push(first);
    }
  };
  const miss = (): void => {
    survey.complete = false;
  };
  for (const { body } of snapshots) {
    const visitor = {
      meta: use,
      data: ({ id }: { id: Buffer }) => {
        use(id);
        return false;
      },
      file: () => {},
      lostPart: miss,
      lostList: miss,
      enter: (key: string) => !visited.has(key),
      leave: (key: string) => visited.add(key),
    };
    await walkManifest(reader, body.manifest, visitor, signal);
  }
  return survey;
}

/** Numbers of the packs that hold any copy of what is needed. */
export function neededPacks({ used }: Survey, { index }: Copies): Set<number> {
  const packs = new Set<number>();
  for (const record of index.records()) if (used[record] === 1) packs.add(index.packNumber(record));
  return packs;
}
