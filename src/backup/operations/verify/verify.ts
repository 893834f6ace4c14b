import type { Worker } from 'node:worker_threads';
import { HoldfastError, isNoSpace } from '../../../shared/errors.ts';
import { mapParallel } from '../../../shared/parallel.ts';
import { randomFraction } from '../../../shared/random.ts';
import type { OperationContext } from '../../ports.ts';
import { ChunkReader } from '../../repository/chunk-reader.ts';
import { finishLapsed } from '../../repository/finish-lapsed.ts';
import { checkHistory, type HeadMemory, type Heads, reviewHistory } from '../../repository/history.ts';
import { lastComponent } from '../../repository/names.ts';
import { putNote } from '../../repository/notes.ts';
import { PARALLEL_READS } from '../../repository/objects.ts';
import type { Repository } from '../../repository/repository.ts';
import { Session } from '../../repository/sessions.ts';
import { readCatalog, resolveSnapshot, type SnapshotRecord } from '../../repository/snapshots.ts';
import { createVerifyPool, type VerifyPool } from '../../threads/verify-pool.ts';
import type { VerifyRequest, VerifyResult } from '../../types.ts';
import { isUnfinishedMirror } from '../mirror/unfinished-mirror.ts';
import { reportAffectedFiles } from './affected-files.ts';
import { checkPacks, type PackCheck } from './check-packs.ts';
import { Copies } from './copies.ts';
import { DamageReport } from './damage-report.ts';
import { explainPacks, hasLostChunks, reportLostRun } from './explain.ts';
import { describeState } from './notices.ts';
import { checkPlainStructures } from './plain-structures.ts';
import {
  findAbsences,
  findWrongPacks,
  type RepositoryState,
  readState,
  type Scope,
  withoutMemory,
} from './repository-state.ts';
import { neededPacks, type Survey, surveySnapshots } from './survey.ts';

export interface VerifyEnvironment {
  repository: Repository;
  /** Booted by `startVerifyWorkers`, ended when the check is over; none: everything happens in this thread. */
  workers: readonly Worker[];
  /** The newest snapshots that this installation has seen, where it remembers any. */
  heads?: HeadMemory | undefined;
}

const EVERYTHING: Scope = { covers: () => true };

/**
 * Checks that a repository is whole. Damage is a result and no error. Snapshots that dead writers left are finished first, and what was covered is
 * noted, unless the repository can only be read.
 *
 * @throws HoldfastError `not_found` for the snapshot asked for, `damaged` where nothing of it can be read, and what the store throws
 */
export async function verify(
  environment: VerifyEnvironment,
  request: VerifyRequest,
  context: OperationContext = {},
): Promise<VerifyResult> {
  const { repository, workers } = environment;
  // What was read ahead is not what is in the store by now, and of a large repository a lot.
  repository.early.clear();
  const { idSecret, epochs } = repository.ring;
  const pool = createVerifyPool(workers, { idSecret, epochs, repositoryId: repository.header.repositoryId });
  try {
    return await new Verification(environment, request, context, pool).run();
  } finally {
    await pool.close();
  }
}

class Verification {
  readonly #repository: Repository;
  readonly #heads: HeadMemory | undefined;
  readonly #request: VerifyRequest;
  readonly #context: OperationContext;
  readonly #pool: VerifyPool;
  readonly #report = new DamageReport();
  readonly #notices: string[] = [];
  #scope = EVERYTHING;

  constructor(environment: VerifyEnvironment, request: VerifyRequest, context: OperationContext, pool: VerifyPool) {
    this.#repository = environment.repository;
    this.#heads = environment.heads;
    this.#request = request;
    this.#context = context;
    this.#pool = pool;
  }

  async run(): Promise<VerifyResult> {
    const { clock } = this.#repository;
    const started = clock.monotonic();
    const session = await this.#startSession();
    try {
      const result = await this.#check(session);
      return { ...result, durationMs: Math.round(clock.monotonic() - started) };
    } finally {
      await session?.end();
    }
  }

  get #depth(): 'quick' | 'checksums' | 'deep' {
    return this.#request.depth ?? 'checksums';
  }

  /** Collectors wait for the session, so that nothing that is being read is deleted. Without the right to write, it must do without. */
  async #startSession(): Promise<Session | undefined> {
    if (this.#repository.writable) {
      try {
        return await Session.start(this.#repository, { operation: 'verify', optional: true, ...(await this.#named()) });
      } catch (error) {
        if (!isForbidden(error)) throw error;
      }
    }
    this.#notices.push('The repository can only be read: what was verified is not noted in it.');
    return undefined;
  }

  /** The one snapshot that is read, if it is one. Of all of them none is named: what they need stays while the session lives, and that is enough. */
  async #named(): Promise<{ snapshots?: string[] }> {
    const { snapshot } = this.#request;
    if (snapshot === undefined) return {};
    return { snapshots: [resolveSnapshot(await readCatalog(this.#repository), { id: snapshot }).id] };
  }

  async #check(session: Session | undefined): Promise<Omit<VerifyResult, 'durationMs'>> {
    this.#phase('reading the index');
    const remembered = (await this.#heads?.load()) ?? {};
    const state = await this.#readSettledState(session);
    const copies = new Copies(state.index);
    const snapshots = state.catalog.snapshots.filter(({ id, confirmed }) => confirmed && this.#scope.covers(id));
    const check = { repository: this.#repository, state, pool: this.#pool, copies, report: this.#report };
    const packCheck = { ...check, wrongRuns: new Map(), deep: this.#depth === 'deep', context: this.#context };
    const content = await this.#readContent(packCheck, snapshots);
    await this.#compareSizes(packCheck, content);
    await this.#reportStructures(state);
    await this.#reportAffected(packCheck, snapshots, content);
    if (this.#isWhole) await this.#reviewHistory(state, remembered);
    this.#notices.push(...describeState(state), ...this.#remedy(state));
    if (session !== undefined && this.#request.sample === undefined) await this.#noteResult(session, snapshots);
    return { ...this.#count(state, copies, content, session), snapshots: snapshots.length };
  }

  get #isWhole(): boolean {
    return this.#request.snapshot === undefined;
  }

  /** Writers count on packs that are there with their size: nothing but a mark tells them not to. */
  #remedy({ packs, marks }: RepositoryState): string[] {
    const damaged = this.#report.list().flatMap(({ object, kind }) => (kind === 'pack' ? [lastComponent(object)] : []));
    if (!damaged.some((id) => packs.has(id) && !marks.packs.has(id))) return [];
    return ['`repair index` sets damaged packs aside: the next backup then stores again what the source still has.'];
  }

  #phase(phase: string): void {
    this.#context.signal?.throwIfAborted();
    this.#context.onProgress?.({ phase });
  }

  /**
   * Reads what there is; a second time where something is missing, since it may have been written or collected meanwhile. Only what is missing
   * both times counts: at the second look somebody else may be just as far.
   */
  async #readSettledState(session: Session | undefined): Promise<RepositoryState> {
    const signal = this.#context.signal;
    let state = await readState(this.#repository, signal);
    this.#settleScope(state);
    const missing = new Set(findAbsences(state, this.#scope).map(({ object }) => object));
    const isMissing = missing.size > 0 || findWrongPacks(state, () => true).length > 0;
    if (isMissing) state = await readState(this.#repository, signal);
    for (const { object, problem, snapshot } of findAbsences(state, this.#scope)) {
      if (missing.has(object)) this.#report.add(object, problem, { snapshot });
    }
    if (isUnfinishedMirror(state.sessions)) return state;
    if (session === undefined || !(await this.#finishInterrupted(session, state))) return state;
    return readState(this.#repository, signal);
  }

  #settleScope({ catalog }: RepositoryState): void {
    const { snapshot } = this.#request;
    if (snapshot === undefined) return;
    const wanted = resolveSnapshot(catalog, { id: snapshot }).id;
    this.#scope = { covers: (id) => id === wanted };
  }

  /** Finishes what dead writers left. Gives true where it did anything. */
  async #finishInterrupted(session: Session, { catalog, halves }: RepositoryState): Promise<boolean> {
    const isOpen = catalog.snapshots.some(({ status }) => status === 'unfinished');
    const isHalf = halves.some(({ state }) => state === 'interrupted');
    if (!isOpen && !isHalf) return false;
    try {
      const finished = await finishLapsed(this.#repository, session, catalog);
      for (const { id, status } of finished) {
        this.#notices.push(`Snapshot ${id.slice(0, 8)} was left unfinished; it is ${status} now.`);
      }
      return isHalf || finished.length > 0;
    } catch (error) {
      if (!isForbidden(error)) throw error;
      this.#notices.push(`What interrupted backups left could not be finished: ${(error as Error).message}`);
      return false;
    }
  }

  /** Manifests and packs, side by side where everything is looked at; the packs of one snapshot are known after its manifest. */
  async #readContent(check: PackCheck, snapshots: readonly SnapshotRecord[]): Promise<Content> {
    const { state, copies } = check;
    const survey = () => this.#survey(check, snapshots);
    const all = [...state.packs].map(([id, size]) => ({ id, size }));
    if (this.#isWhole) {
      if (this.#depth === 'quick') return { survey: undefined, isNeeded: () => true, read: [], bytes: 0 };
      const read = this.#sampled(all);
      this.#phase('checking packs');
      const [found, bytes] = await Promise.all([survey(), checkPacks(check, read)]);
      return { survey: found, isNeeded: () => true, read, bytes };
    }
    const found = await survey();
    const needed = neededPacks(found, copies);
    const isNeeded = (number: number): boolean => needed.has(number);
    if (this.#depth === 'quick') return { survey: found, isNeeded, read: [], bytes: 0 };
    const read = this.#sampled(all.filter(({ id }) => isNeeded(copies.packNumber(id) ?? -1)));
    this.#phase('checking packs');
    return { survey: found, isNeeded, read, bytes: await checkPacks(check, read) };
  }

  #survey({ state, copies }: PackCheck, snapshots: readonly SnapshotRecord[]): Promise<Survey> {
    const reader = new ChunkReader(this.#repository, state.index);
    return surveySnapshots(snapshots, reader, copies, this.#context.signal);
  }

  /** A random share of the packs, at least one. */
  #sampled<T>(packs: readonly T[]): readonly T[] {
    const { sample } = this.#request;
    if (sample === undefined) return packs;
    const drawn = packs.map((pack) => ({ pack, lot: randomFraction(this.#repository.random) }));
    return drawn
      .sort((a, b) => a.lot - b.lot)
      .slice(0, Math.max(1, Math.round(sample * packs.length)))
      .map(({ pack }) => pack);
  }

  /** Packs that are gone count no more, and those with another size than the index gives are looked into. */
  async #compareSizes(check: PackCheck, { isNeeded, read }: Content): Promise<void> {
    const { state, copies, report } = check;
    for (const [number, { id }] of state.index.packs.entries()) if (!state.packs.has(id)) copies.setAbsent(number);
    const wasRead = new Set(read.map(({ id }) => id));
    const open: { id: string; size: number }[] = [];
    for (const { object, problem } of findWrongPacks(state, isNeeded)) {
      const id = lastComponent(object);
      const size = state.packs.get(id);
      report.add(object, problem);
      if (size !== undefined && !wasRead.has(id)) open.push({ id, size });
    }
    await checkPacks({ ...check, deep: true }, open);
  }

  async #reportStructures({ catalog, loaded, marks, sessions }: RepositoryState): Promise<void> {
    const plain = await checkPlainStructures(withoutMemory(this.#repository), isUnfinishedMirror(sessions));
    const standIn = new Set(catalog.snapshots.flatMap(({ id, confirmed }) => (confirmed ? [`snapshots/${id}`] : [])));
    for (const { object, problem } of [...catalog.damaged, ...loaded.damaged, ...plain]) {
      const about = snapshotOfName(object);
      if (about !== undefined && !this.#scope.covers(about)) continue;
      const comfort = standIn.has(object) ? '; its confirmed note stands in for it, so nothing is lost' : '';
      this.#report.add(object, `${problem}${comfort}`, { snapshot: about });
    }
    for (const mark of marks.damaged) this.#report.add(mark, 'it cannot be read; the next prune replaces it');
  }

  async #reportAffected(check: PackCheck, snapshots: readonly SnapshotRecord[], content: Content): Promise<void> {
    const { state, copies, report, wrongRuns } = check;
    const survey =
      content.survey ?? (report.hasKind('pack', 'index') ? await this.#survey(check, snapshots) : undefined);
    if (survey === undefined) return;
    if (!survey.complete || hasLostChunks(survey, copies)) {
      this.#phase('looking for affected files');
      const reader = new ChunkReader(this.#repository, state.index);
      const suspicion = { state, copies, report, wrongRuns };
      await reportAffectedFiles(snapshots, reader, suspicion, this.#context.signal);
    }
    explainPacks(report, copies, survey);
    reportLostRun(report, state, survey);
  }

  async #reviewHistory({ catalog }: RepositoryState, remembered: Heads): Promise<void> {
    const heads = this.#heads;
    const findings = heads === undefined ? checkHistory(catalog, {}) : await reviewHistory(catalog, heads, remembered);
    for (const { snapshot, message } of findings) {
      this.#report.add(`snapshots/${snapshot}`, message, { kind: 'history', snapshot });
    }
  }

  /** Puts a `verified` note for each snapshot that was covered. */
  async #noteResult(session: Session, snapshots: readonly SnapshotRecord[]): Promise<void> {
    if (!session.isStored) {
      // The last room is for what frees more.
      this.#notices.push('The result could not be noted in the repository: no room is left there.');
      return;
    }
    try {
      await mapParallel(snapshots, PARALLEL_READS, ({ id }) => {
        const content = { note: 'verified', depth: this.#depth, damaged: this.#report.countFor(id) } as const;
        return putNote(this.#repository, id, content, session.bytes);
      });
    } catch (error) {
      if (!isForbidden(error)) throw error;
      this.#notices.push(`The result could not be noted in the repository: ${(error as Error).message}`);
    }
  }

  #count(state: RepositoryState, copies: Copies, { isNeeded, read, bytes }: Content, session: Session | undefined) {
    const own = `sessions/${session?.id}/`;
    const isCovered = ([name]: readonly [string, number]): boolean => {
      const about = snapshotOfName(name);
      return !name.startsWith('packs/') && !name.startsWith(own) && (about === undefined || this.#scope.covers(about));
    };
    const small = [...state.objects].filter(isCovered);
    const listed = state.index.packs.flatMap(({ id }, number) => (isNeeded(number) && state.packs.has(id) ? [id] : []));
    const packs = this.#depth === 'quick' ? listed : read.map(({ id }) => id);
    const chunks = packs
      .map((id) => copies.packNumber(id))
      .map((number) => (number === undefined ? 0 : copies.chunksIn(number)));
    return {
      depth: this.#depth,
      objects: small.length + packs.length,
      packs: packs.length,
      chunks: chunks.reduce((sum, count) => sum + count, 0),
      bytes: bytes + small.reduce((sum, [, size]) => sum + size, 0),
      damaged: this.#report.list(),
      notices: this.#notices,
    };
  }
}

/** What was read of the packs and of the manifests. */
interface Content {
  survey: Survey | undefined;
  /** Whether a pack, by its number in the index, is part of what is verified. */
  isNeeded: (packNumber: number) => boolean;
  read: readonly { id: string; size: number }[];
  bytes: number;
}

/** The snapshot that an object is about, by its name. */
function snapshotOfName(name: string): string | undefined {
  return /^(?:snapshots|notes)\/([0-9a-f]{64})/.exec(name)?.[1];
}

/** True where the repository cannot be written to, which a check can do without. */
function isForbidden(error: unknown): boolean {
  return (
    isNoSpace(error) || (error instanceof HoldfastError && (error.code === 'refused' || error.code === 'permission'))
  );
}
