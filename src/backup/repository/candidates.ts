import type { PackInfo } from '../format/pack-index.ts';
import { type CollectionView, liveCopies, type Usage } from './collection-view.ts';

/** Below this share of used bytes a pack is rewritten. */
const SPARSE_SHARE = 0.4;

/** What a collector would delete (docs/FORMAT.md section 13, collector 1). */
export interface Candidates {
  /** Nothing in them is used that has no other live copy. */
  unused: PackInfo[];
  /** Their few used chunks are to be copied first. */
  sparse: PackInfo[];
  /** Records of the used chunks in `sparse`. */
  rewrite: number[];
  /** Unindexed packs whose chunks are used: an index run has to name them again. */
  reindex: Set<string>;
}

/** `liveSessions`: 32 hexadecimal digits each; their packs are left alone, since their snapshots are still to come. */
export function findCandidates(view: CollectionView, usage: Usage, liveSessions: ReadonlySet<string>): Candidates {
  const homes = chooseHomes(view, usage);
  const totals = packTotals(view, homes);
  const unindexed = new Set(view.loaded.recovered.flatMap(({ packs }) => packs.map(({ id }) => id)));
  const needed = packsOfHomeless(view, usage, homes);
  const candidates: Candidates = { unused: [], sparse: [], rewrite: [], reindex: new Set() };
  for (const [number, pack] of view.index.packs.entries()) {
    if (!view.liveness.listed.has(pack.id) || view.liveness.marks.packs.has(pack.id)) continue;
    if (liveSessions.has(pack.session.toString('hex')) || needed.has(number)) continue;
    const used = totals.used[number] as number;
    const isSparse = view.livePacks[number] === 1 && used < SPARSE_SHARE * (totals.all[number] as number);
    if (used === 0) candidates.unused.push(pack);
    else if (isSparse) candidates.sparse.push(pack);
    else if (unindexed.has(pack.id)) candidates.reindex.add(pack.id);
  }
  const sparse = new Set(candidates.sparse);
  candidates.rewrite = Array.from(homes).filter((record) => record >= 0 && sparse.has(view.index.copy(record).pack));
  return candidates;
}

/**
 * For each used chunk the record of the copy that stays: the one in the pack that is used most anyway. -1 where no copy is live.
 */
function chooseHomes(view: CollectionView, usage: Usage): Int32Array {
  const copies = usage.chunks.map((record) => liveCopies(view, record));
  const onlyHere = new Float64Array(view.index.packs.length);
  for (const records of copies) {
    const only = records.length === 1 ? view.index.copy(records[0] as number) : undefined;
    if (only !== undefined) onlyHere[only.packNumber]! += only.length;
  }
  const better = (a: number, b: number): number => {
    const [x, y] = [view.index.copy(a), view.index.copy(b)];
    const byUse = (onlyHere[y.packNumber] as number) - (onlyHere[x.packNumber] as number);
    // Every collector settles a tie the same way, so that two of them do not mark one copy each.
    return byUse || (x.pack.id < y.pack.id ? -1 : 1);
  };
  return Int32Array.from(copies, (records) => records.toSorted(better)[0] ?? -1);
}

/** Bytes of chunks in each pack: all of them, and those that have their home there. */
function packTotals(view: CollectionView, homes: Int32Array): { all: Float64Array; used: Float64Array } {
  const all = new Float64Array(view.index.packs.length);
  const used = new Float64Array(view.index.packs.length);
  for (const record of view.index.records()) {
    const { packNumber, length } = view.index.copy(record);
    all[packNumber]! += length;
  }
  for (const record of homes) {
    if (record < 0) continue;
    const { packNumber, length } = view.index.copy(record);
    used[packNumber]! += length;
  }
  return { all, used };
}

/** Numbers of packs that hold a copy, live or not, of a chunk without any live copy: it is to be read from there. */
function packsOfHomeless({ index }: CollectionView, usage: Usage, homes: Int32Array): Set<number> {
  const numbers = new Set<number>();
  homes.forEach((home, position) => {
    if (home >= 0) return;
    const record = usage.chunks[position] as number;
    for (const copy of index.copies(index.idOf(record))) numbers.add(index.packNumber(copy));
  });
  return numbers;
}
