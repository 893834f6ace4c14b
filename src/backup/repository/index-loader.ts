import { toHex } from '../../shared/bytes.ts';
import { mapParallel } from '../../shared/parallel.ts';
import { ENVELOPE_BYTES, OBJECT_TYPES } from '../crypto/sealer.ts';
import { discard } from '../format/compression.ts';
import { decodeIndexRun } from '../format/index-run.ts';
import { decodeTrailer, FOOTER_BYTES, packType, parseFooter, salvagePack } from '../format/pack.ts';
import { DATA, ID_BYTES, META, type PackIndex, type PackInfo, packName } from '../format/pack-index.ts';
import { ChunkIndex } from './chunk-index.ts';
import { type DamagedFinding, isNotFound, isUnusable } from './damage.ts';
import { lastComponent } from './names.ts';
import { PARALLEL_READS, readObjects, requireHash } from './objects.ts';
import { listPacks } from './packs.ts';
import type { Repository } from './repository.ts';

/** Reading the index: all runs, and the trailers of packs that no run covers. */

const PREFIX = 'index/';

export interface IndexRun {
  id: string;
  size: number;
  /** The session that wrote it, 32 hexadecimal digits. */
  session: string;
  packs: PackInfo[];
  index: PackIndex;
}

export interface LoadedIndex {
  runs: IndexRun[];
  /** Packs that no readable run covers, from their trailers or salvaged. Filled by `addUnindexedPacks`. */
  recovered: PackIndex[];
  damaged: DamagedFinding[];
}

/**
 * Reads every index run. Damaged ones are left out and reported: what they covered is found again by `addUnindexedPacks`.
 * `alsoRuns` are IDs of runs that must exist although the listing may not show them yet.
 */
export async function readIndexRuns(
  repository: Repository,
  options: { alsoRuns?: Iterable<string>; signal?: AbortSignal | undefined } = {},
): Promise<LoadedIndex> {
  const { store, early } = repository;
  const runs = new Map<string, IndexRun>();
  const damaged: DamagedFinding[] = [];
  const use = (name: string, bytes: Buffer): void => {
    runs.set(lastComponent(name), decodeRun(repository, name, bytes));
  };
  await readObjects({
    store,
    early,
    prefix: PREFIX,
    signal: options.signal,
    use,
    damaged: (name, error) => damaged.push({ object: name, problem: error.message }),
  });
  const missing = [...(options.alsoRuns ?? [])].filter((id) => !runs.has(id));
  await mapParallel(missing, PARALLEL_READS, async (id) => {
    await readUnlistedRun(repository, id, use);
  });
  return { runs: [...runs.values()], recovered: [], damaged };
}

function decodeRun(repository: Repository, name: string, bytes: Buffer): IndexRun {
  const index = decodeIndexRun(repository.sealer, bytes);
  const session = toHex(repository.sealer.open(OBJECT_TYPES.index, bytes).session);
  const run = { id: lastComponent(name), size: bytes.length, session, packs: index.packs, index };
  discard(bytes);
  return run;
}

async function readUnlistedRun(
  repository: Repository,
  id: string,
  use: (name: string, bytes: Buffer) => void,
): Promise<void> {
  const name = `${PREFIX}${id}`;
  try {
    const bytes = await repository.store.get(name);
    requireHash(name, bytes);
    use(name, bytes);
  } catch (error) {
    if (!isNotFound(error) && !isUnusable(error)) throw error;
  }
}

/**
 * Reads the trailers of listed packs that no run covers, and salvages packs whose trailer is damaged. `listed` are sizes by ID.
 * What cannot be used is added to `damaged`.
 */
export async function addUnindexedPacks(
  repository: Repository,
  loaded: LoadedIndex,
  listed: ReadonlyMap<string, number>,
): Promise<void> {
  const covered = coveredPacks(loaded);
  const open = [...listed].filter(([id]) => !covered.has(id));
  await mapParallel(open, PARALLEL_READS, async ([id, size]) => {
    const index = await readPackIndex(repository, id, size, loaded.damaged);
    if (index !== undefined) loaded.recovered.push(index);
  });
}

/**
 * Everything that can be found: all runs, the trailers of packs that none covers, and those of packs that hold something else than a run says,
 * because they lie under each other's names. For readers that miss a chunk: it reads a little of every pack.
 */
export async function readWholeIndex(repository: Repository): Promise<ChunkIndex> {
  const loaded = await readIndexRuns(repository);
  const listed = await listPacks(repository.store);
  await addUnindexedPacks(repository, loaded, listed);
  const index = toChunkIndex(loaded);
  const misplaced = await mapParallel([...listed], PARALLEL_READS, async ([id, size]) => {
    const own = await readOwnTrailer(repository, id, size);
    return own === undefined || isExpected(index, own) ? [] : [own];
  });
  if (misplaced.every((found) => found.length === 0)) return index;
  // Of a pack that is described twice the first description counts.
  return new ChunkIndex([...misplaced.flat(), ...loaded.runs.map((run) => run.index), ...loaded.recovered]);
}

/** Undefined where it cannot be used: then what the runs say of the pack is all there is. */
async function readOwnTrailer(repository: Repository, id: string, size: number): Promise<PackIndex | undefined> {
  try {
    return await readTrailer(repository, id, size);
  } catch (error) {
    if (!isNotFound(error) && !isUnusable(error)) throw error;
    return undefined;
  }
}

/** Whether the index looks for the pack's first chunk in that pack. */
function isExpected(index: ChunkIndex, { packs, records }: PackIndex): boolean {
  return index.copies(records.subarray(0, ID_BYTES)).some((record) => index.copy(record).pack.id === packs[0]?.id);
}

export function coveredPacks(loaded: LoadedIndex): Set<string> {
  const parts = [...loaded.runs.map(({ packs }) => packs), ...loaded.recovered.map(({ packs }) => packs)];
  return new Set(parts.flatMap((packs) => packs.map(({ id }) => id)));
}

const TAIL_BYTES = 64 * 1024;

/** The index of one pack from the pack itself; undefined where it is gone or nothing of it can be used. */
export async function readPackIndex(
  repository: Repository,
  id: string,
  size: number,
  damaged: DamagedFinding[],
): Promise<PackIndex | undefined> {
  const name = packName(id);
  try {
    return await readTrailer(repository, id, size);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (!isUnusable(error)) throw error;
    damaged.push({ object: name, problem: error.message });
  }
  try {
    const found = salvagePack(repository.sealer, repository.hasher, await repository.store.get(name), id);
    return found.records.length === 0 ? undefined : found;
  } catch (error) {
    if (!isNotFound(error) && !isUnusable(error)) throw error;
    return undefined;
  }
}

async function readTrailer(repository: Repository, id: string, size: number): Promise<PackIndex> {
  const { store, sealer } = repository;
  const name = packName(id);
  const [head, tail] = await Promise.all([
    store.get(name, { offset: 0, length: ENVELOPE_BYTES }),
    store.get(name, { offset: -Math.min(size, TAIL_BYTES), length: TAIL_BYTES }),
  ]);
  const kind = head[4] === OBJECT_TYPES.metaPack ? META : DATA;
  const opener = sealer.open(packType(kind), head);
  const footer = parseFooter(tail.subarray(Math.max(0, tail.length - FOOTER_BYTES)), size);
  const start = footer.offset - (size - tail.length);
  const trailer =
    start >= 0
      ? tail.subarray(start, start + footer.length)
      : await store.get(name, { offset: footer.offset, length: footer.length });
  return decodeTrailer(opener, trailer, id, size);
}

/** One lookup over everything that was loaded. */
export function toChunkIndex(loaded: LoadedIndex): ChunkIndex {
  return new ChunkIndex([...loaded.runs.map(({ index }) => index), ...loaded.recovered]);
}
