import { HoldfastError, isNoSpace } from '../../shared/errors.ts';
import type { PackInfo } from '../format/pack-index.ts';
import type { OperationContext } from '../ports.ts';
import type { PruneRequest, PruneResult } from '../types.ts';
import { type Candidates, findCandidates } from './candidates.ts';
import { putIndexRun } from './chunk-storer.ts';
import { removeDamagedMarks, removeDeadSessions, removeFinishedMarks, removeForgottenObjects } from './clean-up.ts';
import { type CollectionView, readCollectionView, readUsage } from './collection-view.ts';
import { compactIndex, mergeOnce } from './compaction.ts';
import { copyChunks } from './copy-chunks.ts';
import { deleteFrozen } from './delete-frozen.ts';
import { finishLapsed } from './finish-lapsed.ts';
import { readIndexRuns } from './index-loader.ts';
import { putMark, readMarks, requireAgreeingClocks } from './marks.ts';
import { listPacks } from './packs.ts';
import { readLiveness } from './read-liveness.ts';
import type { Repository } from './repository.ts';
import { listSessions, Session } from './sessions.ts';
import { readCatalog } from './snapshots.ts';
import { tidyNotes } from './tidy-notes.ts';

/** How long something stays marked before it is deleted. */
export const DEFAULT_GRACE_MS = 72 * 60 * 60 * 1000;
/** A mark stays small enough to be stored on a full disk (the local store keeps a reserve for small objects). */
const NAMES_PER_MARK = 1000;
/** More than this share of the repository is not given up without being asked for. */
const LARGE_SHARE = 0.2;

/**
 * Collects what no snapshot needs: marks it, and deletes what was marked longer ago than the grace (docs/FORMAT.md section 13). Several
 * may run at once, beside writers. Safe to interrupt anywhere.
 *
 * @throws HoldfastError `refused` where more than a fifth of the repository would go and `force` is not set, or clocks disagree;
 *   `damaged` where a confirmed snapshot is incomplete
 */
export async function collect(
  repository: Repository,
  request: PruneRequest,
  context: OperationContext = {},
): Promise<PruneResult> {
  const collection = new Collection(repository, request, context);
  return request.dryRun === true ? collection.preview() : collection.run();
}

class Collection {
  readonly #repository: Repository;
  readonly #context: OperationContext;
  readonly #force: boolean;
  readonly #graceMs: number;
  readonly #started: number;
  readonly #result: PruneResult;

  constructor(repository: Repository, request: PruneRequest, context: OperationContext) {
    this.#repository = repository;
    this.#context = context;
    this.#force = request.force === true;
    this.#graceMs = request.graceMs ?? DEFAULT_GRACE_MS;
    this.#started = repository.clock.monotonic();
    this.#result = {
      dryRun: request.dryRun === true,
      deletedPacks: 0,
      freedBytes: 0,
      markedPacks: 0,
      markedBytes: 0,
      freedAfter: null,
      rewrittenBytes: 0,
      indexRuns: { before: 0, after: 0 },
      waitingFor: [],
      warnings: [],
      durationMs: 0,
    };
  }

  async run(): Promise<PruneResult> {
    const session = await Session.start(this.#repository, { operation: 'prune', optional: true });
    try {
      await this.#finishWhatLapsed(session);
      await this.#delete(session);
      await this.#mark(session);
      // With no grace, what was just marked can go at once, and so can the runs that are then replaced.
      if (this.#graceMs === 0) await this.#delete(session);
      await this.#compact(session);
      if (this.#graceMs === 0) await this.#delete(session);
      await this.#cleanUp(session);
    } finally {
      await session.end();
    }
    return this.#finish();
  }

  /** What `run` would do now, without doing it. */
  async preview(): Promise<PruneResult> {
    const view = await readCollectionView(this.#repository);
    this.#result.indexRuns = { before: view.loaded.runs.length, after: view.loaded.runs.length };
    const candidates = findCandidates(view, await readUsage(this.#repository, view), await this.#liveSessions());
    const fresh = [...candidates.unused, ...candidates.sparse];
    const { all } = view.liveness.marks;
    const aged = new Set(all.flatMap((mark) => (this.#isAged(mark.time) ? mark.packs : [])));
    const now = this.#graceMs === 0 ? new Set([...aged, ...fresh.map(({ id }) => id)]) : aged;
    const sizes = (ids: Iterable<string>): number[] => [...ids].flatMap((id) => view.liveness.listed.get(id) ?? []);
    const deleted = sizes(now);
    const pending = [...view.liveness.marks.packs, ...fresh.map(({ id }) => id)].filter((id) => !now.has(id));
    this.#result.deletedPacks = deleted.length;
    this.#result.freedBytes = sum(deleted);
    this.#countPending(sizes(pending), fresh.length > 0 ? this.#repository.clock.now() : newestTime(all));
    return this.#finish();
  }

  #isAged(time: number): boolean {
    return this.#repository.clock.now() - time >= this.#graceMs;
  }

  #finish(): PruneResult {
    this.#result.durationMs = Math.round(this.#repository.clock.monotonic() - this.#started);
    return this.#result;
  }

  #phase(phase: string): void {
    this.#context.signal?.throwIfAborted();
    this.#context.onProgress?.({ phase });
  }

  #warn(message: string): void {
    this.#result.warnings.push(message);
    this.#context.onWarning?.(message);
  }

  async #liveSessions(): Promise<Set<string>> {
    const sessions = await listSessions(this.#repository);
    return new Set(sessions.flatMap(({ id, live }) => (live ? [id] : [])));
  }

  async #finishWhatLapsed(session: Session): Promise<void> {
    this.#phase('finishing interrupted backups');
    const catalog = await readCatalog(this.#repository);
    await removeForgottenObjects(this.#repository, catalog);
    try {
      for (const { id, status } of await finishLapsed(this.#repository, session, catalog)) {
        this.#warn(`Snapshot ${id.slice(0, 8)} was left unfinished; it is ${status} now.`);
      }
    } catch (error) {
      // Nothing depends on it now: unfinished snapshots keep their chunks.
      if (!isNoSpace(error)) throw error;
      this.#warn('There is no room to finish an interrupted backup; prune again.');
    }
  }

  async #mark(session: Session): Promise<void> {
    this.#phase('looking for unused packs');
    const view = await readCollectionView(this.#repository);
    requireAgreeingClocks(this.#repository, view.liveness.marks);
    this.#result.indexRuns.before = view.loaded.runs.length;
    const usage = await readUsage(this.#repository, view);
    const candidates = findCandidates(view, usage, await this.#liveSessions());
    this.#requireConsent(view, candidates);
    await this.#reindex(session, view, candidates);
    this.#phase('marking unused packs');
    await this.#putMarks(session, candidates.unused);
    if (candidates.sparse.length > 0) await this.#rewrite(session, view, candidates);
  }

  #requireConsent({ liveness, index }: CollectionView, { unused, sparse, rewrite }: Candidates): void {
    if (this.#force) return;
    const total = sum([...liveness.listed.values()]);
    const kept = sum(rewrite.map((record) => index.copy(record).length));
    const going = Math.max(
      sum(unused.map(({ size }) => size)),
      sum([...unused, ...sparse].map(({ size }) => size)) - kept,
    );
    if (going <= LARGE_SHARE * total) return;
    const percent = Math.round((100 * going) / total);
    throw new HoldfastError(
      'refused',
      `${percent} % of the repository (${going} of ${total} bytes) would be deleted.`,
      {
        advice: 'Look at the list of snapshots, and confirm if this is what you want.',
        details: { bytes: going, totalBytes: total },
      },
    );
  }

  /** Packs that a run named and none names any more get a new run, and damaged runs go. */
  async #reindex(session: Session, { loaded, liveness }: CollectionView, { reindex }: Candidates): Promise<void> {
    const index = mergeOnce(loaded.recovered, ({ id }) => reindex.has(id));
    if (index.packs.length > 0) await putIndexRun(this.#repository, session.bytes, index);
    const damaged = loaded.damaged.flatMap(({ object }) => (object.startsWith('index/') ? [object.slice(6)] : []));
    for (const id of damaged) this.#warn(`index/${id} is damaged; it is replaced.`);
    const open = damaged.filter((id) => !liveness.marks.indexes.has(id));
    if (open.length > 0) await putMark(this.#repository, session, { packs: [], indexes: open });
  }

  async #putMarks(session: Session, packs: readonly PackInfo[]): Promise<void> {
    for (let at = 0; at < packs.length; at += NAMES_PER_MARK) {
      const ids = packs.slice(at, at + NAMES_PER_MARK).map(({ id }) => id);
      await putMark(this.#repository, session, { packs: ids, indexes: [] });
    }
  }

  /** Copies what is used of sparse packs before they are marked, so that writers find live copies all the time. */
  async #rewrite(session: Session, view: CollectionView, { rewrite, sparse }: Candidates): Promise<void> {
    this.#phase('rewriting sparsely used packs');
    try {
      this.#result.rewrittenBytes += await copyChunks(this.#repository, session, view.index, rewrite);
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      this.#warn('There is no room to rewrite sparsely used packs; they stay until the next prune.');
      return;
    }
    await this.#putMarks(session, sparse);
  }

  async #delete(session: Session): Promise<void> {
    this.#phase('deleting what was marked');
    const deletion = await deleteFrozen(this.#repository, session, this.#graceMs);
    this.#result.deletedPacks += deletion.packs;
    this.#result.freedBytes += deletion.bytes;
    this.#result.rewrittenBytes += deletion.rewrittenBytes;
    this.#result.waitingFor = [...new Set([...this.#result.waitingFor, ...deletion.waitingFor])];
  }

  async #compact(session: Session): Promise<void> {
    this.#phase('compacting the index');
    const loaded = await readIndexRuns(this.#repository);
    const liveness = await readLiveness(this.#repository);
    try {
      await compactIndex(this.#repository, session, loaded, liveness, await this.#liveSessions());
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      this.#warn('There is no room to compact the index; prune again.');
    }
  }

  async #cleanUp(session: Session): Promise<void> {
    const repository = this.#repository;
    this.#phase('cleaning up');
    await removeFinishedMarks(repository, this.#graceMs);
    await this.#tidyNotes(session);
    await removeDeadSessions(repository, session);
    const marks = await readMarks(repository);
    for (const warning of await removeDamagedMarks(repository, session, marks)) this.#warn(warning);
    const listed = await listPacks(repository.store);
    const pending = [...marks.packs].flatMap((id) => listed.get(id) ?? []);
    this.#countPending(pending, newestTime(marks.all));
    this.#result.indexRuns.after = (await repository.store.list('index/')).length;
  }

  async #tidyNotes(session: Session): Promise<void> {
    try {
      await tidyNotes(this.#repository, session, { graceMs: this.#graceMs });
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      this.#warn('There is no room to sum up what was forgotten; prune again.');
    }
  }

  #countPending(sizes: readonly number[], markedAt: number): void {
    this.#result.markedPacks = sizes.length;
    this.#result.markedBytes = sum(sizes);
    this.#result.freedAfter = sizes.length === 0 ? null : new Date(markedAt + this.#graceMs).toISOString();
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

const newestTime = (marks: readonly { time: number; doneTime: number | undefined }[]): number =>
  Math.max(0, ...marks.filter(({ doneTime }) => doneTime === undefined).map(({ time }) => time));
