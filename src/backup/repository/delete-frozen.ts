import { HoldfastError } from '../../shared/errors.ts';
import { mapParallel } from '../../shared/parallel.ts';
import { packName } from '../format/pack-index.ts';
import { type CollectionView, liveCopies, readCollectionView, readUsage, type Usage } from './collection-view.ts';
import { coverFrozenRuns } from './compaction.ts';
import { copyChunks } from './copy-chunks.ts';
import { isDamage } from './damage.ts';
import { finishLapsed } from './finish-lapsed.ts';
import { type Frozen, freeze } from './frozen.ts';
import { putDone, readMarks, requireAgreeingClocks } from './marks.ts';
import type { Repository } from './repository.ts';
import type { Session } from './sessions.ts';

const PARALLEL_DELETES = 8;

export interface Deletion {
  packs: number;
  bytes: number;
  rewrittenBytes: number;
  waitingFor: string[];
}

/**
 * Deletes what has been marked for longer than the grace: steps 4 to 7 of the collector in docs/FORMAT.md section 13.
 *
 * @throws HoldfastError `damaged` where a confirmed snapshot is incomplete: then nothing is deleted
 */
export async function deleteFrozen(repository: Repository, session: Session, graceMs: number): Promise<Deletion> {
  const { frozen, view } = await settle(repository, session, graceMs);
  const deletion: Deletion = { packs: 0, bytes: 0, rewrittenBytes: 0, waitingFor: frozen.waitingFor };
  if (frozen.marks.length === 0) return deletion;
  const ready = await prepareDeletion(repository, session, frozen, deletion, view, graceMs);
  if (ready !== undefined) await deleteNow(repository, session, frozen, ready, deletion);
  return deletion;
}

/** What is deleted is settled before anything is read that decides whether it is still needed. */
async function settle(
  repository: Repository,
  session: Session,
  graceMs: number,
): Promise<{ frozen: Frozen; view: CollectionView | undefined }> {
  const view = repository.rules.freezeBeforeSnapshots ? undefined : await readCollectionView(repository);
  const marks = await readMarks(repository);
  requireAgreeingClocks(repository, marks);
  return { frozen: await freeze(repository, session, marks, graceMs), view };
}

/**
 * Repeats step 5 until nothing used rests in the frozen set alone. Undefined where an unfinished snapshot has to be waited for, and where
 * something had to be copied: listings may show what was copied later than they stop to show what was deleted, so readers get until the
 * next collection to see it. Without grace listings do not lag.
 */
async function prepareDeletion(
  repository: Repository,
  session: Session,
  frozen: Frozen,
  deletion: Deletion,
  firstView: CollectionView | undefined,
  graceMs: number,
): Promise<CollectionView | undefined> {
  let copied = false;
  for (let view = firstView ?? (await readCollectionView(repository)); ; view = await readCollectionView(repository)) {
    const usage = await readFrozenUsage(repository, view, frozen);
    if (usage.incomplete.length > 0) {
      if ((await finishLapsed(repository, session, view.catalog)).length > 0) continue;
      deletion.waitingFor.push(...usage.incomplete.map(({ id }) => `unfinished snapshot ${id.slice(0, 8)}`));
      return undefined;
    }
    const homeless = usage.chunks.filter((record) => liveCopies(view, record, frozen.packs).length === 0);
    if (homeless.length > 0) {
      deletion.rewrittenBytes += await copyHomeless(repository, session, view.index, homeless);
      copied = true;
      continue;
    }
    const covers = repository.rules.checkIndexCover;
    if (covers && (await coverFrozenRuns(repository, session, view.loaded, view.liveness, frozen))) {
      copied = true;
      continue;
    }
    return copied && graceMs > 0 ? undefined : view;
  }
}

async function copyHomeless(...copying: Parameters<typeof copyChunks>): Promise<number> {
  try {
    return await copyChunks(...copying);
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw new HoldfastError('damaged', `Nothing is deleted: ${error.message}`, {
      advice:
        'Back up again where the source still has it, bring the pack back from a mirror, or forget the snapshots that verify --deep names; then prune again.',
      cause: error,
      details: error.details,
    });
  }
}

/** Nothing but packs can hold what is used: where only index runs go, no manifest needs to be read. */
async function readFrozenUsage(repository: Repository, view: CollectionView, { packs }: Frozen): Promise<Usage> {
  if (packs.size > 0 && repository.rules.checkUsedChunks) return readUsage(repository, view);
  return { used: new Uint8Array(0), chunks: [], incomplete: [] };
}

async function deleteNow(
  repository: Repository,
  session: Session,
  frozen: Frozen,
  { liveness }: CollectionView,
  deletion: Deletion,
): Promise<void> {
  const { store, rules } = repository;
  const declareDone = async (): Promise<void> => {
    for (const mark of frozen.marks) await putDone(repository, session, mark);
  };
  if (!rules.deleteBeforeDone) await declareDone();
  await mapParallel([...frozen.packs], PARALLEL_DELETES, async (id) => {
    await store.delete(packName(id));
    const size = liveness.listed.get(id);
    if (size === undefined) return;
    deletion.packs++;
    deletion.bytes += size;
  });
  await mapParallel([...frozen.indexes], PARALLEL_DELETES, async (id) => {
    await store.delete(`index/${id}`);
  });
  if (rules.deleteBeforeDone) await declareDone();
}
