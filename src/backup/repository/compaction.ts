import { mergePackIndexes, type PackIndex, type PackInfo } from '../format/pack-index.ts';
import { putIndexRun } from './chunk-storer.ts';
import type { IndexRun, LoadedIndex } from './index-loader.ts';
import { putMark } from './marks.ts';
import type { Liveness } from './packs.ts';
import type { Repository } from './repository.ts';
import type { Session } from './sessions.ts';

/** Index compaction (docs/FORMAT.md section 13): small runs become one, and packs that are gone leave the index. */

const SMALL_RUN_BYTES = 4 * 2 ** 20;
/** That many small runs are merged into one. */
const MANY_SMALL_RUNS = 8;
/** Runs that are merged at once have so many bytes together, half of what a reader takes. */
const MOST_MERGED_BYTES = 128 * 2 ** 20;
/** A large run is written again when this share of its packs is gone. */
const STALE_SHARE = 0.125;

/** The runs to be replaced; empty where nothing is worth it. `liveSessions` may still be adding runs, which are left alone. */
export function chooseInputs(
  runs: readonly IndexRun[],
  liveness: Liveness,
  liveSessions: ReadonlySet<string>,
): IndexRun[] {
  const open = runs.filter(({ id, session }) => !liveness.marks.indexes.has(id) && !liveSessions.has(session));
  const isSmall = ({ size }: IndexRun): boolean => size < SMALL_RUN_BYTES;
  const stale = open.filter((run) => {
    const gone = run.packs.filter(({ id }) => isDropped(liveness, id)).length;
    return gone > 0 && (isSmall(run) || gone >= STALE_SHARE * run.packs.length);
  });
  const small = open.filter(isSmall);
  const isWorthIt = small.length >= MANY_SMALL_RUNS || (stale.length > 0 && small.length > 1);
  return upTo(MOST_MERGED_BYTES, isWorthIt ? [...new Set([...stale, ...small])] : stale);
}

/** The first of them: one at least, whatever its size. */
function upTo(bytes: number, runs: readonly IndexRun[]): IndexRun[] {
  let left = bytes;
  return runs.filter(({ size }, number) => {
    left -= size;
    return number === 0 || left >= 0;
  });
}

/** Its entries may be left out: its deletion was announced and has happened. */
function isDropped({ marks, listed }: Liveness, id: string): boolean {
  return marks.packs.has(id) && !listed.has(id);
}

/** Puts the merged run and marks the inputs. Gives true where it did anything. */
export async function compactIndex(
  repository: Repository,
  session: Session,
  loaded: LoadedIndex,
  liveness: Liveness,
  liveSessions: ReadonlySet<string>,
): Promise<boolean> {
  const inputs = chooseInputs(loaded.runs, liveness, liveSessions);
  if (inputs.length === 0) return false;
  const drop = (id: string): boolean =>
    repository.rules.dropOnlyMarkedPacks ? isDropped(liveness, id) : !liveness.listed.has(id);
  const merged = mergeOnce(
    inputs.map(({ index }) => index),
    ({ id }) => !drop(id),
  );
  if (merged.packs.length > 0) await putIndexRun(repository, session.bytes, merged);
  await putMark(repository, session, { packs: [], indexes: inputs.map(({ id }) => id) });
  return true;
}

/** Merges indexes so that each pack comes once. */
export function mergeOnce(parts: readonly PackIndex[], keep: (pack: PackInfo) => boolean): PackIndex {
  const seen = new Set<string>();
  return mergePackIndexes(parts, (pack) => {
    if (seen.has(pack.id) || !keep(pack)) return false;
    seen.add(pack.id);
    return true;
  });
}

/**
 * Makes sure that unmarked runs cover what the `frozen` runs cover and what is still needed of it. Gives true where a run had to be
 * put, after which everything is to be read again.
 */
export async function coverFrozenRuns(
  repository: Repository,
  session: Session,
  loaded: LoadedIndex,
  liveness: Liveness,
  frozen: { packs: ReadonlySet<string>; indexes: ReadonlySet<string> },
): Promise<boolean> {
  const isFrozen = ({ id }: IndexRun): boolean => frozen.indexes.has(id);
  const counted = loaded.runs.filter(({ id }) => !liveness.marks.indexes.has(id) && !frozen.indexes.has(id));
  const covered = new Set(counted.flatMap(({ packs }) => packs.map(({ id }) => id)));
  const uncovered = mergeOnce(
    loaded.runs.filter(isFrozen).map(({ index }) => index),
    ({ id }) => !covered.has(id) && !frozen.packs.has(id) && !isDropped(liveness, id),
  );
  if (uncovered.packs.length === 0) return false;
  await putIndexRun(repository, session.bytes, uncovered);
  return true;
}
