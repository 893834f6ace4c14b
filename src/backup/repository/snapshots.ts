import { HoldfastError } from '../../shared/errors.ts';
import { OBJECT_TYPES } from '../crypto/sealer.ts';
import { type NoteBody, parseSnapshotBody, type SnapshotBody } from '../format/bodies.ts';
import { decodeBody, encodeBody } from '../format/body.ts';
import { objectId } from '../format/pack.ts';
import type { SnapshotStatus, VerifyDepth } from '../types.ts';
import { type DamagedFinding, findingOf } from './damage.ts';
import { idOfName } from './names.ts';
import { latestNote, type NoteListing, type NoteOf, readNotes } from './notes.ts';
import { readObjects } from './objects.ts';
import type { Repository } from './repository.ts';

/** Snapshots together with what became of them (docs/FORMAT.md sections 9 and 10). */

const PREFIX = 'snapshots/';

export interface SnapshotRecord {
  id: string;
  body: SnapshotBody;
  status: SnapshotStatus;
  /** It counts: the backup was reported as done. */
  confirmed: NoteOf<'confirmed'> | undefined;
  /** Its object is listed; it may still be damaged. */
  present: boolean;
  pinned: boolean;
  /** What whoever pinned it said. */
  pinReason: string | undefined;
  /** As the latest note says, else as given at the start. */
  tags: string[];
  verified: { depth: VerifyDepth; time: string; damaged: number } | undefined;
  notes: NoteBody[];
}

export interface Forgotten {
  /** When it was said: by its own note, or by one that testifies for many. */
  time: string;
  /** True where another snapshot's note says so. */
  testified: boolean;
  /** Of those that counted, while their notes are there. */
  confirmed: NoteOf<'confirmed'> | undefined;
  /** Its writer and number, where they are known. */
  head: { writer: string; seq: number } | undefined;
}

export interface Catalog {
  /** Newest first; without those that were forgotten. */
  snapshots: SnapshotRecord[];
  /** What was removed on purpose, by ID. */
  forgotten: Map<string, Forgotten>;
  /** Every ID of which anything is left, readable or not. */
  known: Set<string>;
  /** Snapshot objects of forgotten snapshots that are still there: the deletion was interrupted. */
  leftovers: string[];
  /** IDs whose object is damaged and that no note can stand in for. */
  unreadable: string[];
  damaged: DamagedFinding[];
  halves: NoteListing['halves'];
}

/** Lists snapshots and folds their notes into them. A lost or damaged snapshot object is read from its `confirmed` note. */
export async function readCatalog(repository: Repository): Promise<Catalog> {
  const { store, bodies, sealer, early } = repository;
  const damaged: DamagedFinding[] = [];
  const listed = await readObjects({
    store,
    early,
    prefix: PREFIX,
    wanted: ({ name }) => !bodies.has(name),
    use: (name, bytes) => bodies.set(name, parseSnapshotBody(decodeBody(sealer, OBJECT_TYPES.snapshot, bytes))),
    damaged: (name, error) => damaged.push(findingOf(name, error)),
  });
  const present = new Set(listed.flatMap(({ name }) => idOfName(name) ?? []));
  const bodyOf = (id: string) => bodies.get(`${PREFIX}${id}`) as SnapshotBody | undefined;
  return foldCatalog(present, bodyOf, await readNotes(repository), damaged);
}

function foldCatalog(
  present: ReadonlySet<string>,
  bodyOf: (id: string) => SnapshotBody | undefined,
  notes: NoteListing,
  damaged: DamagedFinding[],
): Catalog {
  const known = new Set([...present, ...notes.bySnapshot.keys(), ...notes.testified.keys()]);
  const catalog: Catalog = {
    snapshots: [],
    forgotten: new Map(),
    known,
    leftovers: [],
    unreadable: [],
    damaged: [...damaged, ...notes.damaged],
    halves: notes.halves,
  };
  for (const id of known) {
    const own = notes.bySnapshot.get(id) ?? [];
    const confirmed = latestNote(own, 'confirmed');
    const body = present.has(id) ? (bodyOf(id) ?? confirmed?.body) : confirmed?.body;
    const forgotten = latestNote(own, 'forgotten');
    const testified = notes.testified.get(id);
    if (forgotten !== undefined || testified !== undefined) {
      const time = (testified ?? forgotten)?.time as string;
      catalog.forgotten.set(id, {
        time,
        testified: testified !== undefined,
        confirmed,
        head: headOf(testified ?? body),
      });
      if (present.has(id)) catalog.leftovers.push(id);
    } else if (body !== undefined) {
      catalog.snapshots.push(record(id, body, present.has(id), confirmed, own));
    } else if (present.has(id)) catalog.unreadable.push(id);
  }
  catalog.snapshots.sort(newestFirst);
  return catalog;
}

function headOf(said: { writer?: string; seq?: number } | undefined): Forgotten['head'] {
  return said?.writer === undefined || said.seq === undefined ? undefined : { writer: said.writer, seq: said.seq };
}

function record(
  id: string,
  body: SnapshotBody,
  present: boolean,
  confirmed: NoteOf<'confirmed'> | undefined,
  notes: NoteBody[],
): SnapshotRecord {
  const verified = latestNote(notes, 'verified');
  const pin = latestNote(notes, 'pinned', 'unpinned');
  const pinned = pin?.note === 'pinned';
  return {
    id,
    body,
    status: statusOf(body, present, confirmed !== undefined, latestNote(notes, 'broken') !== undefined),
    confirmed,
    present,
    pinned,
    pinReason: pinned ? pin.reason : undefined,
    tags: latestNote(notes, 'tagged')?.tags ?? body.tags,
    verified: verified && { depth: verified.depth, time: verified.time, damaged: verified.damaged },
    notes,
  };
}

function statusOf(body: SnapshotBody, present: boolean, confirmed: boolean, broken: boolean): SnapshotStatus {
  if (confirmed && !present) return 'lost';
  if (confirmed) return body.warningCount > 0 ? 'completed_with_warnings' : 'completed';
  return broken ? 'broken' : 'unfinished';
}

/** By the time that people see; equal times in the order of their IDs. */
function newestFirst(a: SnapshotRecord, b: SnapshotRecord): number {
  return Date.parse(b.body.time) - Date.parse(a.body.time) || (a.id < b.id ? 1 : -1);
}

export interface SnapshotWish {
  /** Full ID, unambiguous prefix of at least 4 digits, or `latest`. */
  id: string;
  /** With `latest`: the newest not after this time (ISO 8601). */
  at?: string | undefined;
  source?: string | undefined;
}

const MIN_PREFIX_DIGITS = 4;
const MOST_CANDIDATES = 10;

/**
 * The snapshot meant. `latest` is the newest confirmed one that is no safety backup.
 *
 * @throws HoldfastError `not_found`, or `usage` for a prefix that is too short or ambiguous
 */
export function resolveSnapshot(catalog: Catalog, wish: SnapshotWish): SnapshotRecord {
  if (wish.id === 'latest') return resolveLatest(catalog, wish);
  const prefix = wish.id.toLowerCase();
  if (!/^[0-9a-f]{4,64}$/.test(prefix)) {
    throw new HoldfastError('usage', `${JSON.stringify(wish.id)} is not the ID of a snapshot.`, {
      advice: `Give "latest" or at least ${MIN_PREFIX_DIGITS} hexadecimal digits of an ID as list shows it.`,
    });
  }
  const found = catalog.snapshots.filter(({ id }) => id.startsWith(prefix));
  if (found.length > 1) throw ambiguous(prefix, found);
  const only = found[0];
  if (only !== undefined) return only;
  throw notFound(catalog, prefix);
}

function resolveLatest(catalog: Catalog, { at, source }: SnapshotWish): SnapshotRecord {
  const limit = at === undefined ? Number.POSITIVE_INFINITY : Date.parse(at);
  const latest = catalog.snapshots.find(
    ({ body, confirmed }) =>
      confirmed !== undefined &&
      body.trigger !== 'pre-restore' &&
      (source === undefined || body.source === source) &&
      Date.parse(body.time) <= limit,
  );
  if (latest !== undefined) return latest;
  const of = source === undefined ? '' : ` of ${source}`;
  const until = at === undefined ? '' : ` from ${at} or before`;
  throw new HoldfastError('not_found', `There is no finished snapshot${of}${until}.`, {
    advice: 'Run list to see what there is.',
  });
}

function ambiguous(prefix: string, found: readonly SnapshotRecord[]): HoldfastError {
  const named = found
    .slice(0, MOST_CANDIDATES)
    .map(({ id, body }) => `${id.slice(0, 16)} (${body.time}, ${body.source})`);
  const more = found.length > MOST_CANDIDATES ? ` and ${found.length - MOST_CANDIDATES} more` : '';
  return new HoldfastError('usage', `${prefix} could be ${named.join(', ')}${more}.`, {
    advice: 'Give more digits of the ID.',
    details: { candidates: found.map(({ id }) => id) },
  });
}

function notFound(catalog: Catalog, prefix: string): HoldfastError {
  const unreadable = catalog.unreadable.find((id) => id.startsWith(prefix));
  if (unreadable !== undefined) {
    return new HoldfastError(
      'damaged',
      `${PREFIX}${unreadable} is damaged and has no confirmed note to be read from.`,
      {
        details: { objects: [`${PREFIX}${unreadable}`] },
      },
    );
  }
  const forgotten = [...catalog.forgotten.keys()].some((id) => id.startsWith(prefix));
  return new HoldfastError('not_found', `Snapshot ${prefix} ${forgotten ? 'was forgotten' : 'does not exist'}.`, {
    advice: 'Run list to see what there is.',
  });
}

/** Puts the snapshot: the commit. Gives its ID. */
export async function putSnapshot(repository: Repository, session: Buffer, body: SnapshotBody): Promise<string> {
  const bytes = encodeBody(repository.sealer, OBJECT_TYPES.snapshot, session, body);
  const id = objectId(bytes);
  await repository.store.put(`${PREFIX}${id}`, bytes);
  return id;
}

export async function deleteSnapshotObject(repository: Repository, id: string): Promise<void> {
  await repository.store.delete(`${PREFIX}${id}`);
}
