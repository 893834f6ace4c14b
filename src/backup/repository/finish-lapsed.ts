import { HoldfastError } from '../../shared/errors.ts';
import { type ChunkKind, mergePackIndexes } from '../format/pack-index.ts';
import type { ChunkIndex } from './chunk-index.ts';
import { ChunkReader } from './chunk-reader.ts';
import { putIndexRun, type StoredPacks } from './chunk-storer.ts';
import { isDamage } from './damage.ts';
import { LiveKeeper } from './ensure-live.ts';
import { addUnindexedPacks, type IndexRun, type LoadedIndex, readIndexRuns, toChunkIndex } from './index-loader.ts';
import { completeInterruptedPairs } from './note-pairs.ts';
import { putNote } from './notes.ts';
import { listPacks } from './packs.ts';
import { ChunkMemory } from './remembered-chunks.ts';
import type { Repository } from './repository.ts';
import { listSessions, type Session } from './sessions.ts';
import type { Catalog, SnapshotRecord } from './snapshots.ts';
import { visitChunks } from './used-chunks.ts';

export interface FinishedSnapshot {
  id: string;
  status: 'confirmed' | 'broken';
}

/**
 * Finishes what lapsed writers left: a snapshot without a note whose session has ended is checked and confirmed, or noted as broken
 * (docs/FORMAT.md section 13, writer 6 and 7), and a note of which only one object was put gets the other. Safe to do at any time and
 * by several at once.
 */
export async function finishLapsed(
  repository: Repository,
  session: Session,
  catalog: Catalog,
): Promise<FinishedSnapshot[]> {
  await completeInterruptedPairs(repository, catalog.halves);
  const open = catalog.snapshots.filter(({ status }) => status === 'unfinished');
  if (open.length === 0) return [];
  const live = new Set((await listSessions(repository)).flatMap(({ id, live }) => (live ? [id] : [])));
  const finished: FinishedSnapshot[] = [];
  for (const snapshot of open) {
    if (!live.has(snapshot.body.session)) finished.push(await finishOne(repository, session, snapshot));
  }
  return finished;
}

async function finishOne(
  repository: Repository,
  session: Session,
  snapshot: SnapshotRecord,
): Promise<FinishedSnapshot> {
  const { id, body } = snapshot;
  try {
    const loaded = await readIndexRuns(repository);
    await addUnindexedPacks(repository, loaded, await listPacks(repository.store));
    const chunks = await rememberChunks(repository, snapshot, toChunkIndex(loaded));
    const keeper = new LiveKeeper(repository, session.bytes, chunks);
    await keeper.ensure();
    const adopted = await adoptOrphans(repository, session, loaded, chunks);
    const own = ownObjects(loaded.runs, body.session);
    const packs = [...own.packs, ...adopted.packs, ...keeper.stored.packs];
    const indexes = [...own.indexes, ...adopted.indexes, ...keeper.stored.indexes];
    await putNote(repository, id, { note: 'confirmed', body, packs, indexes }, session.bytes);
    return { id, status: 'confirmed' };
  } catch (error) {
    if (!isDamage(error)) throw error;
    await putNote(repository, id, { note: 'broken', reason: error.message }, session.bytes);
    return { id, status: 'broken' };
  }
}

/** One copy of each chunk of the snapshot, whichever; those that are not live are moved afterwards. */
async function rememberChunks(
  repository: Repository,
  { body }: SnapshotRecord,
  index: ChunkIndex,
): Promise<ChunkMemory> {
  const memory = new ChunkMemory();
  const remember = (kind: ChunkKind, id: Buffer): void => {
    const record = index.copies(id).find((copy) => index.copy(copy).pack.kind === kind);
    if (record === undefined) throw new HoldfastError('damaged', `Chunk ${id.toString('hex', 0, 8)} is in no pack.`);
    memory.set(kind, Buffer.from(id), index.copy(record).pack);
  };
  await visitChunks(new ChunkReader(repository, index), body.manifest, new Set(), remember);
  return memory;
}

/** The writer may have died between a pack and the index run that names it: what the snapshot leans on gets one. */
async function adoptOrphans(
  repository: Repository,
  session: Session,
  { recovered }: LoadedIndex,
  chunks: ChunkMemory,
): Promise<StoredPacks> {
  const homes = chunks.packs();
  const used = recovered.filter(({ packs }) => packs.some(({ id }) => homes.has(id)));
  if (used.length === 0) return { packs: [], indexes: [] };
  const run = await putIndexRun(repository, session.bytes, mergePackIndexes(used));
  return { packs: used.flatMap(({ packs }) => packs.map(({ id }) => id)), indexes: [run] };
}

/** What the writer has put and made findable. Packs that no run names are nobody's: the next prune removes them. */
function ownObjects(runs: readonly IndexRun[], session: string): StoredPacks {
  const own = runs.flatMap((run) => run.packs).filter((pack) => pack.session.toString('hex') === session);
  return {
    packs: [...new Set(own.map(({ id }) => id))],
    indexes: runs.filter((run) => run.session === session).map(({ id }) => id),
  };
}
