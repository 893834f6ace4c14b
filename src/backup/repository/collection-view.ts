import { HoldfastError } from '../../shared/errors.ts';
import type { ChunkKind } from '../format/pack-index.ts';
import type { ChunkIndex } from './chunk-index.ts';
import { ChunkReader } from './chunk-reader.ts';
import { type DamagedFinding, isDamage } from './damage.ts';
import { addUnindexedPacks, type LoadedIndex, readIndexRuns, toChunkIndex } from './index-loader.ts';
import type { Liveness } from './packs.ts';
import { readLiveness } from './read-liveness.ts';
import type { Repository } from './repository.ts';
import { type Catalog, readCatalog, type SnapshotRecord } from './snapshots.ts';
import { visitChunks } from './used-chunks.ts';

/** What a collector sees (docs/FORMAT.md section 13, collector 5), read in the order in which that is safe. */
export interface CollectionView {
  catalog: Catalog;
  loaded: LoadedIndex;
  index: ChunkIndex;
  liveness: Liveness;
  /** For each pack of the index: 1 where its copies may be counted on. */
  livePacks: Uint8Array;
}

/** Snapshots, then indexes, then `gc/`, then `packs/`, then the trailers of unindexed packs. */
export async function readCollectionView(repository: Repository, signal?: AbortSignal): Promise<CollectionView> {
  const early = repository.rules.snapshotsBeforeIndexes ? undefined : await readIndexRuns(repository, { signal });
  const catalog = await readCatalog(repository);
  const alsoRuns = catalog.snapshots.flatMap(({ confirmed }) => confirmed?.indexes ?? []);
  const loaded = early ?? (await readIndexRuns(repository, { alsoRuns, signal }));
  const liveness = await readLiveness(repository, signal);
  if (repository.rules.readTrailers) await addUnindexedPacks(repository, loaded, liveness.listed);
  const index = toChunkIndex(loaded);
  const livePacks = new Uint8Array(index.packs.length);
  for (const [number, { id, size }] of index.packs.entries()) {
    livePacks[number] = (await liveness.isLive(id, size)) ? 1 : 0;
  }
  return { catalog, loaded, index, liveness, livePacks };
}

/** Which chunks the snapshots need, and what is wrong with them. */
export interface Usage {
  /** For each record of the index: 1 where its chunk is used. */
  used: Uint8Array;
  /** One record of each used chunk. */
  chunks: number[];
  /** Unfinished snapshots of which something is found nowhere. */
  incomplete: SnapshotRecord[];
}

/**
 * Visits every chunk of every snapshot. Broken snapshots keep what is left of them.
 *
 * @throws HoldfastError `damaged` where a confirmed snapshot cannot be read whole, or one not at all, `unsupported_version` where a newer program wrote a snapshot
 *   or a note: what it needs is not known
 */
export async function readUsage(repository: Repository, view: CollectionView): Promise<Usage> {
  const { index, catalog } = view;
  const newer = catalog.damaged.find((finding) => finding.newer === true);
  if (newer !== undefined) throw tooNew(newer);
  const unreadable = catalog.unreadable[0];
  if (unreadable !== undefined) throw unreadableSnapshot(unreadable);
  const usage: Usage = { used: new Uint8Array(index.recordLimit), chunks: [], incomplete: [] };
  const reader = new ChunkReader(repository, index);
  const visited = new Set<string>();
  for (const snapshot of catalog.snapshots) {
    if (snapshot.confirmed === undefined && !repository.rules.keepUnconfirmed) continue;
    const missing = await visitSnapshot(reader, snapshot, visited, usage, index);
    if (missing === undefined || snapshot.status === 'broken') continue;
    if (snapshot.confirmed !== undefined) throw incompleteSnapshot(snapshot, missing);
    usage.incomplete.push(snapshot);
  }
  return usage;
}

/** Gives what is wrong, if anything. */
async function visitSnapshot(
  reader: ChunkReader,
  { body }: SnapshotRecord,
  visited: Set<string>,
  usage: Usage,
  index: ChunkIndex,
): Promise<string | undefined> {
  let missing: string | undefined;
  // What was visited for an incomplete snapshot must be visited again for the next, which lacks the same.
  const visitedHere = new Set(visited);
  try {
    await visitChunks(reader, body.manifest, visitedHere, (kind, id) => {
      if (!useChunk(usage, index, kind, id)) missing ??= `chunk ${id.toString('hex', 0, 8)} is in no pack`;
    });
  } catch (error) {
    if (!isDamage(error)) throw error;
    missing ??= error.message;
  }
  if (missing === undefined) for (const part of visitedHere) visited.add(part);
  return missing;
}

function useChunk(usage: Usage, index: ChunkIndex, kind: ChunkKind, id: Buffer): boolean {
  const copies = index.copies(id).filter((record) => index.copy(record).pack.kind === kind);
  const first = copies[0];
  if (first === undefined) return false;
  if (usage.used[first] === 1) return true;
  for (const record of copies) usage.used[record] = 1;
  usage.chunks.push(first);
  return true;
}

function tooNew({ object, problem }: DamagedFinding): HoldfastError {
  return new HoldfastError('unsupported_version', `Nothing is deleted: of ${object}, ${problem}.`, {
    advice: 'Use a newer Holdfast.',
  });
}

/** Whether it counted, and what it needs, nobody can tell. */
function unreadableSnapshot(id: string): HoldfastError {
  return new HoldfastError('damaged', `Nothing is deleted: snapshots/${id} is damaged, and so are its notes`, {
    advice: `Bring it back from a mirror with repair index, or give it up with forget ${id.slice(0, 16)}, then prune again.`,
    details: { objects: [`snapshots/${id}`] },
  });
}

function incompleteSnapshot({ id, body }: SnapshotRecord, missing: string): HoldfastError {
  const name = `${id.slice(0, 8)} (${body.source}, ${body.time})`;
  return new HoldfastError('damaged', `Nothing is deleted: snapshot ${name} is damaged: ${missing}`, {
    advice: 'Run verify --deep; bring back what it names from a mirror, or forget the snapshot, then prune again.',
    details: { objects: [`snapshots/${id}`] },
  });
}

/** Live copies of a chunk outside `frozen`, as records. */
export function liveCopies(view: CollectionView, record: number, frozen?: ReadonlySet<string>): number[] {
  const { index, livePacks } = view;
  return index.copies(index.idOf(record)).filter((copy) => {
    const number = index.packNumber(copy);
    return livePacks[number] === 1 && frozen?.has((index.packs[number] as { id: string }).id) !== true;
  });
}
