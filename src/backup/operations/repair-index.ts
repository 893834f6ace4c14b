import { mapParallel } from '../../shared/parallel.ts';
import {
  ID_BYTES,
  mergePackIndexes,
  type PackIndex,
  type PackInfo,
  packName,
  RECORD_BYTES,
} from '../format/pack-index.ts';
import type { OperationContext } from '../ports.ts';
import { ChunkIndex } from '../repository/chunk-index.ts';
import { ChunkReader } from '../repository/chunk-reader.ts';
import { putIndexRun } from '../repository/chunk-storer.ts';
import { mergeOnce } from '../repository/compaction.ts';
import { type DamagedFinding, isDamage, isNotFound } from '../repository/damage.ts';
import { finishLapsed } from '../repository/finish-lapsed.ts';
import { type IndexRun, readIndexRuns, readPackIndex } from '../repository/index-loader.ts';
import { putMark } from '../repository/marks.ts';
import { lastComponent } from '../repository/names.ts';
import { PARALLEL_READS, requireHash } from '../repository/objects.ts';
import { readLiveness } from '../repository/read-liveness.ts';
import type { Repository } from '../repository/repository.ts';
import { listSessions, Session } from '../repository/sessions.ts';
import { readCatalog } from '../repository/snapshots.ts';
import { putBackCopies, type StandardFile } from './repair/put-back-copies.ts';
import { setDamagedPacksAside } from './repair/set-packs-aside.ts';
import { Copies } from './verify/copies.ts';
import { withoutMemory } from './verify/repository-state.ts';
import { surveySnapshots } from './verify/survey.ts';

export interface RepairResult {
  packs: number;
  chunks: number;
  /** Packs whose table was rebuilt by walking through them. */
  salvaged: string[];
  /** Packs of which nothing could be read. */
  damaged: string[];
  durationMs: number;
}

/** One run is built in memory. */
const RECORDS_PER_RUN = 200_000;

/**
 * Builds the index again from the packs, and puts back whatever else has a good copy: the header, halves of configurations and notes, and the
 * plain files among `files`. Other operations may run meanwhile. Old runs are replaced as a compaction does it (docs/FORMAT.md section 13);
 * those that are damaged or wrong are removed at once. Damaged packs are set aside.
 */
export async function repairIndex(
  repository: Repository,
  context: OperationContext = {},
  files: readonly StandardFile[] = [],
): Promise<RepairResult> {
  const started = repository.clock.monotonic();
  const session = await Session.start(repository, { operation: 'repair' });
  try {
    const fresh = withoutMemory(repository);
    await putBackCopies(fresh, files, context);
    await finishLapsed(fresh, session, await readCatalog(fresh));
    const result = await new IndexRepair(fresh, session, context).run();
    return { ...result, durationMs: Math.round(repository.clock.monotonic() - started) };
  } finally {
    await session.end();
  }
}

class IndexRepair {
  readonly #repository: Repository;
  readonly #session: Session;
  readonly #context: OperationContext;

  constructor(repository: Repository, session: Session, context: OperationContext) {
    this.#repository = repository;
    this.#session = session;
    this.#context = context;
  }

  async run(): Promise<Omit<RepairResult, 'durationMs'>> {
    const { runs, damaged } = await readIndexRuns(this.#repository);
    const { marks, listed } = await readLiveness(this.#repository);
    const { parts, findings } = await this.#readPacks(listed);
    const isGone = ({ id }: PackInfo): boolean => !listed.has(id) && !marks.packs.has(id);
    // Who lists packs a moment too early must not make the index forget them: only a mark does.
    const gone = mergeOnce(
      runs.map(({ index }) => index),
      isGone,
    );
    const unneeded = await this.#unneeded(parts, gone);
    await this.#markGone(unneeded);
    await this.#putRuns([...parts, ...split(mergePackIndexes([gone], ({ id }) => !unneeded.has(id)))]);
    await this.#replaceRuns(
      runs.filter(({ id }) => !marks.indexes.has(id)),
      parts,
    );
    await this.#removeDamaged(damaged);
    const cut = runs.flatMap(({ packs }) => packs).filter(({ id, size }) => (listed.get(id) ?? size) !== size);
    const suspects = [...findings.map(({ object }) => lastComponent(object)), ...cut.map(({ id }) => id)];
    await setDamagedPacksAside(this.#repository, this.#session, { listed, marks, suspects }, this.#context);
    const readable = new Set(parts.flatMap(({ packs }) => packs.map(({ id }) => packName(id))));
    const harmed = [...new Set(findings.map(({ object }) => object))];
    return {
      packs: readable.size,
      chunks: parts.reduce((sum, { records }) => sum + records.length / RECORD_BYTES, 0),
      salvaged: harmed.filter((name) => readable.has(name)),
      damaged: harmed.filter((name) => !readable.has(name)),
    };
  }

  async #readPacks(
    listed: ReadonlyMap<string, number>,
  ): Promise<{ parts: PackIndex[]; findings: readonly DamagedFinding[] }> {
    const findings: DamagedFinding[] = [];
    let done = 0;
    const parts = await mapParallel([...listed], PARALLEL_READS, async ([id, size]) => {
      this.#context.signal?.throwIfAborted();
      const index = await readPackIndex(this.#repository, id, size, findings);
      this.#context.onProgress?.({ phase: 'reading packs', files: ++done, totalFiles: listed.size });
      return index ?? [];
    });
    return { parts: parts.flat(), findings };
  }

  /** Packs that are gone and that no snapshot misses: everything that is needed of them has another copy. */
  async #unneeded(parts: readonly PackIndex[], gone: PackIndex): Promise<Set<string>> {
    if (gone.packs.length === 0) return new Set();
    const index = new ChunkIndex([...parts, gone]);
    const copies = new Copies(index);
    const numbers = gone.packs.map(({ id }) => copies.packNumber(id) as number);
    for (const number of numbers) copies.setAbsent(number);
    const { snapshots } = await readCatalog(this.#repository);
    const { used, complete } = await surveySnapshots(snapshots, new ChunkReader(this.#repository, index), copies);
    if (!complete) return new Set();
    const isMissed = (record: number): boolean => used[record] === 1 && !copies.isReadable(index.idOf(record));
    const free = numbers.filter((number) => ![...copies.bad(number)].some(isMissed));
    return new Set(free.map((number) => (index.packs[number] as PackInfo).id));
  }

  async #markGone(packs: ReadonlySet<string>): Promise<void> {
    if (packs.size === 0) return;
    await putMark(this.#repository, this.#session, { packs: [...packs], indexes: [] });
    for (const id of packs) this.#context.onWarning?.(`${packName(id)} is gone, but nothing needs it.`);
  }

  async #putRuns(parts: readonly PackIndex[]): Promise<void> {
    let waiting: PackIndex[] = [];
    let records = 0;
    const put = async (): Promise<void> => {
      if (waiting.length > 0) await putIndexRun(this.#repository, this.#session.bytes, mergePackIndexes(waiting));
      waiting = [];
      records = 0;
    };
    for (const part of parts) {
      waiting.push(part);
      records += part.records.length / RECORD_BYTES;
      if (records >= RECORDS_PER_RUN) await put();
    }
    await put();
  }

  /** Marks the runs that the new ones replace, and removes those that contradict the packs: whoever reads them would be misled until then. */
  async #replaceRuns(runs: readonly IndexRun[], parts: readonly PackIndex[]): Promise<void> {
    const sessions = await listSessions(this.#repository);
    const live = new Set(sessions.flatMap((session) => (session.live ? [session.id] : [])));
    const index = new ChunkIndex(parts);
    const replaced = runs.filter(({ session }) => !live.has(session));
    const wrong = new Set(replaced.filter((run) => contradicts(run.index, index)));
    for (const { id } of wrong) {
      await this.#repository.store.delete(`index/${id}`);
      this.#context.onWarning?.(`index/${id} did not fit its packs and has been replaced.`);
    }
    const old = replaced.filter((run) => !wrong.has(run)).map(({ id }) => id);
    if (old.length > 0) await putMark(this.#repository, this.#session, { packs: [], indexes: old });
  }

  /** A damaged run tells nobody anything. It is read once more first: what failed once may have been the way here. */
  async #removeDamaged(damaged: readonly DamagedFinding[]): Promise<void> {
    for (const { object } of damaged) {
      if (!(await isStillDamaged(this.#repository, object))) continue;
      await this.#repository.store.delete(object);
      this.#context.onWarning?.(`${object} was damaged and has been replaced.`);
    }
  }
}

async function isStillDamaged({ store }: Repository, object: string): Promise<boolean> {
  try {
    requireHash(object, await store.get(object));
    return false;
  } catch (error) {
    if (isNotFound(error)) return false;
    if (!isDamage(error)) throw error;
    return true;
  }
}

/** One index for each pack, so that runs can be cut between them. */
function split(index: PackIndex): PackIndex[] {
  return index.packs.map((pack) => mergePackIndexes([index], ({ id }) => id === pack.id));
}

/** True where the run says of a pack that can be read something else than the pack itself. */
function contradicts(run: PackIndex, packs: ChunkIndex): boolean {
  const known = new Map(packs.packs.map(({ id }, number) => [id, number]));
  const expected = new Uint32Array(packs.packs.length);
  for (const record of packs.records()) expected[packs.packNumber(record)]!++;
  const named = new Uint32Array(packs.packs.length);
  for (let at = 0; at < run.records.length; at += RECORD_BYTES) {
    const block = run.records.readUInt32LE(at + ID_BYTES);
    const number = known.get((run.packs[run.blockPack[block] as number] as PackInfo).id);
    if (number === undefined) continue;
    const id = run.records.subarray(at, at + ID_BYTES);
    const isThere = packs.copies(id).some((record) => {
      const copy = packs.copy(record);
      return (
        copy.packNumber === number &&
        copy.blockOffset === run.blockOffset[block] &&
        copy.blockLength === run.blockLength[block] &&
        copy.offset === run.records.readUInt32LE(at + 36) &&
        copy.length === run.records.readUInt32LE(at + 40)
      );
    });
    if (!isThere) return true;
    named[number]!++;
  }
  return run.packs.some(({ id }) => {
    const number = known.get(id);
    return number !== undefined && named[number] !== expected[number];
  });
}
