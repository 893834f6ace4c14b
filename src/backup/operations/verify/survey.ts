import type { ChunkReader } from '../../repository/chunk-reader.ts';
import type { SnapshotRecord } from '../../repository/snapshots.ts';
import type { Copies } from './copies.ts';
import { walkManifest } from './manifest-walk.ts';

/** Which chunks snapshots need. */
export interface Survey {
  /** By record of the index: FIRST or COPY where its chunk is needed, else 0. */
  used: Uint8Array;
  /** False where a part of a manifest cannot be read, or the index does not know a chunk. */
  complete: boolean;
}

/** The record that stands for a needed chunk. */
const FIRST = 1;
/** One of another copy of it. */
const COPY = 2;

/** One record of each chunk that is needed. */
export function* neededChunks({ used }: Survey): Generator<number> {
  for (let record = used.indexOf(FIRST); record >= 0; record = used.indexOf(FIRST, record + 1)) yield record;
}

/** Visits everything that the snapshots need. Parts of manifests that several of them share are read once. */
export async function surveySnapshots(
  snapshots: readonly SnapshotRecord[],
  reader: ChunkReader,
  copies: Copies,
  signal?: AbortSignal,
): Promise<Survey> {
  const survey: Survey = { used: new Uint8Array(copies.index.recordLimit), complete: true };
  const visited = new Set<string>();
  const use = (id: Buffer): void => {
    const records = copies.of(id);
    const first = records[0];
    if (first === undefined) survey.complete = false;
    else if (survey.used[first] === 0) {
      for (const record of records) survey.used[record] = COPY;
      survey.used[first] = FIRST;
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
  for (const record of index.records()) if (used[record] !== 0) packs.add(index.packNumber(record));
  return packs;
}
