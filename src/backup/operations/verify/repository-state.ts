import { type PackInfo, packName } from '../../format/pack-index.ts';
import type { ChunkIndex } from '../../repository/chunk-index.ts';
import type { DamagedFinding } from '../../repository/damage.ts';
import {
  addUnindexedPacks,
  type IndexRun,
  type LoadedIndex,
  readIndexRuns,
  toChunkIndex,
} from '../../repository/index-loader.ts';
import { type Marks, readMarks } from '../../repository/marks.ts';
import { idOfName } from '../../repository/names.ts';
import { type HalfNote, judgeHalves } from '../../repository/note-pairs.ts';
import { latestNote, type NoteListing, readNotes } from '../../repository/notes.ts';
import { Repository } from '../../repository/repository.ts';
import { listSessions, type SessionRecord } from '../../repository/sessions.ts';
import { type Catalog, readCatalog } from '../../repository/snapshots.ts';
import { isUnfinishedMirror } from '../mirror/unfinished-mirror.ts';

/** What a repository says about itself, read in an order that is safe beside writers and collectors. */
export interface RepositoryState {
  catalog: Catalog;
  halves: HalfNote[];
  /** What finished backups have put, by snapshot; those of forgotten snapshots too. */
  puts: ReadonlyMap<string, { packs: string[]; indexes: string[] }>;
  sessions: SessionRecord[];
  loaded: LoadedIndex;
  index: ChunkIndex;
  marks: Marks;
  /** Sizes of all objects by name. */
  objects: ReadonlyMap<string, number>;
  /** Sizes of packs by ID. */
  packs: ReadonlyMap<string, number>;
}

/** The same repository without anything that was read before: what is verified is read from the store. */
export function withoutMemory(repository: Repository): Repository {
  return new Repository(repository, { ...repository, warnings: [], early: new Map() });
}

/** Snapshots and notes, then indexes, then `gc/`, then the listing: what a collector deletes in between is seen marked. */
export async function readState(remembering: Repository, signal?: AbortSignal): Promise<RepositoryState> {
  const repository = withoutMemory(remembering);
  const catalog = await readCatalog(repository);
  const puts = confirmedPuts(await readNotes(repository));
  const halves = await judgeHalves(repository, catalog.halves);
  const sessions = await listSessions(repository);
  const alsoRuns = catalog.snapshots.flatMap(({ confirmed }) => confirmed?.indexes ?? []);
  const loaded = await readIndexRuns(repository, { alsoRuns, signal });
  const marks = await readMarks(repository, signal);
  const objects = new Map((await repository.store.list('', signal)).map(({ name, size }) => [name, size]));
  const packs = packSizes(objects);
  await addUnindexedPacks(repository, loaded, packs);
  return { catalog, halves, puts, sessions, loaded, index: toChunkIndex(loaded), marks, objects, packs };
}

function confirmedPuts({ bySnapshot }: NoteListing): RepositoryState['puts'] {
  const puts = new Map<string, { packs: string[]; indexes: string[] }>();
  for (const [snapshot, notes] of bySnapshot) {
    const confirmed = latestNote(notes, 'confirmed');
    if (confirmed !== undefined) puts.set(snapshot, confirmed);
  }
  return puts;
}

/** A pack counts where its name says that it belongs. */
function packSizes(objects: ReadonlyMap<string, number>): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const [name, size] of objects) {
    const id = name.startsWith('packs/') ? idOfName(name) : undefined;
    if (id !== undefined && packName(id) === name) sizes.set(id, size);
  }
  return sizes;
}

/** Which of the snapshots a check is about. */
export interface Scope {
  covers(snapshot: string): boolean;
}

export interface AbsenceFinding extends DamagedFinding {
  snapshot?: string;
}

/** Objects that must be there and are not. Something may have happened while the state was read: look twice before believing it. */
export function findAbsences(state: RepositoryState, scope: Scope): AbsenceFinding[] {
  return [...lostSnapshots(state, scope), ...lostNotes(state, scope), ...lostRuns(state, scope)];
}

function lostSnapshots({ catalog }: RepositoryState, scope: Scope): AbsenceFinding[] {
  const lost = catalog.snapshots.filter(({ id, status }) => status === 'lost' && scope.covers(id));
  const listed = new Set([
    ...catalog.snapshots.map(({ id }) => id),
    ...catalog.forgotten.keys(),
    ...catalog.unreadable,
  ]);
  const vanished = [...catalog.known].filter((id) => !listed.has(id) && scope.covers(id));
  return [
    ...lost.map(({ id }) => ({
      object: `snapshots/${id}`,
      problem: 'it is missing and was never forgotten; its confirmed note stands in for it, so nothing is lost',
      snapshot: id,
    })),
    ...vanished.map((id) => ({
      object: `snapshots/${id}`,
      problem: 'it is missing and was never forgotten, and so is its confirmed note',
      snapshot: id,
    })),
  ];
}

function lostNotes({ catalog, halves, sessions }: RepositoryState, scope: Scope): AbsenceFinding[] {
  if (isUnfinishedMirror(sessions)) return [];
  const running = new Set(sessions.map(({ id }) => id));
  const damagedNotes = catalog.damaged.filter(({ object }) => object.startsWith('notes/'));
  const damagedIn = (snapshot: string): number =>
    damagedNotes.filter(({ object }) => object.startsWith(`notes/${snapshot}/`)).length;
  const unconfirmed = catalog.snapshots.filter(
    ({ id, status, body }) =>
      status === 'unfinished' && !running.has(body.session) && scope.covers(id) && damagedIn(id) === 0,
  );
  const lost = halves.filter(({ snapshot, state }) => state === 'lost' && scope.covers(snapshot));
  return [
    ...unconfirmed.map(({ id }) => ({
      object: `notes/${id}`,
      problem: 'its confirmed note is missing: its session is over, which happens only after the note',
      snapshot: id,
    })),
    ...[...Map.groupBy(lost, ({ snapshot }) => snapshot)].flatMap(([snapshot, notes]): AbsenceFinding[] => {
      // A damaged note does not tell whose twin it is: it is the one that its partner lacks.
      if (notes.length <= damagedIn(snapshot)) return [];
      return notes.map(({ note, object }) => ({
        object: `notes/${snapshot}`,
        problem: `one of the two objects of a ${note} note is missing; ${object} is the other, from which \`repair index\` writes it again`,
        snapshot,
      }));
    }),
  ];
}

/**
 * Packs that are there and that no run covers which is going to stay, although a finished backup has stored them or a run that is going to
 * be deleted covers them: the run that did was lost. A backup ends only with its run, and a compaction puts the new run first and keeps
 * the entries of packs that are there.
 */
function lostRuns({ puts, loaded, marks, objects, packs }: RepositoryState, scope: Scope): AbsenceFinding[] {
  const isMarked = ({ id }: IndexRun): boolean => marks.indexes.has(id);
  const staying = loaded.runs.filter((run) => !isMarked(run));
  const covered = new Set(packsOf(staying));
  // A pack of which nothing can be read has no index to miss.
  const described = new Set([...unindexedPacks(loaded).map(({ id }) => id), ...packsOf(loaded.runs)]);
  const isOpen = (pack: string): boolean => packs.has(pack) && described.has(pack) && !covered.has(pack);
  const problemOf = (open: readonly string[]): string =>
    `the index of ${open.length === 1 ? packName(open[0] as string) : `${open.length} packs`} is missing; \`repair index\` builds it again from the packs`;
  const lost = [...puts].flatMap(([snapshot, put]): AbsenceFinding[] => {
    const open = put.packs.filter(isOpen);
    if (open.length === 0 || !scope.covers(snapshot)) return [];
    const gone = put.indexes.filter((run) => !objects.has(`index/${run}`) && !marks.indexes.has(run));
    return gone.map((run) => ({ object: `index/${run}`, problem: problemOf(open) }));
  });
  const isDamaged = loaded.damaged.some(({ object }) => object.startsWith('index/'));
  if (lost.length > 0 || isDamaged) return lost;
  const expected = [...[...puts.values()].flatMap((put) => put.packs), ...packsOf(loaded.runs.filter(isMarked))];
  const open = [...new Set(expected)].filter(isOpen);
  return open.length === 0 ? [] : [{ object: 'index', problem: problemOf(open) }];
}

const packsOf = (runs: readonly IndexRun[]): string[] => runs.flatMap((run) => run.packs.map(({ id }) => id));

/** Packs of which only their own trailer tells what they hold. */
export function unindexedPacks(loaded: LoadedIndex): PackInfo[] {
  return loaded.recovered.flatMap(({ packs }) => packs);
}

/** A pack that the index promises and that is not there, or not as large. `needed`: which packs the check is about. */
export function findWrongPacks(state: RepositoryState, needed: (packNumber: number) => boolean): AbsenceFinding[] {
  return state.index.packs.flatMap(({ id, size }, number): AbsenceFinding[] => {
    if (!needed(number)) return [];
    const found = state.packs.get(id);
    if (found === size || (found === undefined && state.marks.packs.has(id))) return [];
    const missing = 'it is missing: the index names it and no mark does';
    return [{ object: packName(id), problem: found === undefined ? missing : `it has ${found} bytes and not ${size}` }];
  });
}
