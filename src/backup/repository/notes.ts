import { OBJECT_TYPES } from '../crypto/sealer.ts';
import { type NoteBody, type NoteContent, parseNoteBody } from '../format/bodies.ts';
import { decodeBody, encodeBody } from '../format/body.ts';
import { objectId } from '../format/pack.ts';
import { type DamagedFinding, findingOf } from './damage.ts';
import { readObjects } from './objects.ts';
import { Evidence, isCarrier, type Testified } from './obsolete-notes.ts';
import type { Repository } from './repository.ts';
import { Session } from './sessions.ts';

/** Notes: what becomes of a snapshot after it was written (docs/FORMAT.md section 10). */

const PREFIX = 'notes/';

export type NoteOf<K extends NoteContent['note']> = Extract<NoteBody, { note: K }>;

/**
 * Puts a note as its two objects. `session` is the 16 bytes of the writing session; without it there is a short one for this note alone, so
 * that a half that a dead writer left is told from one whose other object was lost. `after` is the time of the note that it replaces: among
 * notes of one sort the latest counts, whatever this host's clock says.
 */
export async function putNote(
  repository: Repository,
  snapshot: string,
  content: NoteContent,
  session?: Buffer,
  after?: string,
): Promise<void> {
  if (session !== undefined) {
    await putBoth(repository, snapshot, content, session, after);
    return;
  }
  const own = await Session.start(repository, { operation: 'note', optional: true });
  try {
    await putBoth(repository, snapshot, content, own.bytes, after);
  } catch (error) {
    await own.stop();
    throw error;
  }
  await own.end();
}

async function putBoth(
  repository: Repository,
  snapshot: string,
  content: NoteContent,
  session: Buffer,
  after: string | undefined,
): Promise<void> {
  const pair = repository.random.bytes(16).toString('hex');
  const earliest = after === undefined ? 0 : Date.parse(after) + 1;
  const time = new Date(Math.max(repository.clock.now(), earliest)).toISOString();
  for (const copy of [0, 1] as const) {
    const body: NoteBody = {
      type: 'note',
      version: 1,
      critical: [],
      snapshot,
      time,
      pair,
      copy,
      writer: repository.writer,
      ...content,
    };
    const bytes = encodeBody(repository.sealer, OBJECT_TYPES.note, session, body);
    await repository.store.put(`${PREFIX}${snapshot}/${objectId(bytes)}`, bytes);
  }
}

export interface NoteListing {
  /** Notes of each snapshot, each pair once. */
  bySnapshot: Map<string, NoteBody[]>;
  /** Snapshots that were forgotten, as notes of others say; what is left of their own notes is not listed. */
  testified: ReadonlyMap<string, Testified>;
  damaged: DamagedFinding[];
  /** Pairs of which one object is missing or damaged, but for obsolete ones, which may be going: snapshot and the note's sort. */
  halves: { snapshot: string; note: string; object: string }[];
}

/** Reads all notes, or those of one snapshot. */
export async function readNotes(repository: Repository, snapshot?: string): Promise<NoteListing> {
  const { store, bodies, sealer, early } = repository;
  const damaged: DamagedFinding[] = [];
  const listed = await readObjects({
    store,
    early,
    prefix: snapshot === undefined ? PREFIX : `${PREFIX}${snapshot}/`,
    wanted: ({ name }) => !bodies.has(name),
    use: (name, bytes) => {
      const note = parseNoteBody(decodeBody(sealer, OBJECT_TYPES.note, bytes));
      if (note !== undefined && snapshotOfName(name) !== note.snapshot) {
        damaged.push({ object: name, problem: 'it belongs to another snapshot' });
      } else bodies.set(name, note ?? null);
    },
    damaged: (name, error) => damaged.push(findingOf(name, error)),
  });
  const found = listed.flatMap(({ name }) => {
    const note = bodies.get(name) as NoteBody | null | undefined;
    return note === undefined || note === null ? [] : [{ name, note }];
  });
  return { ...foldPairs(found), damaged };
}

const snapshotOfName = (name: string): string => name.split('/')[1] as string;

function foldPairs(found: readonly { name: string; note: NoteBody }[]): Omit<NoteListing, 'damaged'> {
  const bySnapshot = new Map<string, NoteBody[]>();
  const halves: NoteListing['halves'] = [];
  const evidence = new Evidence(found.map(({ note }) => note));
  const { testified } = evidence;
  for (const copies of Map.groupBy(found, ({ note }) => `${note.snapshot} ${note.pair}`).values()) {
    const { name, note } = copies[0] as { name: string; note: NoteBody };
    if (testified.has(note.snapshot) && !isCarrier(note)) continue;
    const notes = bySnapshot.get(note.snapshot) ?? [];
    bySnapshot.set(note.snapshot, [...notes, note]);
    if (new Set(copies.map((copy) => copy.note.copy)).size < 2 && !evidence.isObsolete(note)) {
      halves.push({ snapshot: note.snapshot, note: note.note, object: name });
    }
  }
  return { bySnapshot, testified, halves };
}

/** The note of one of these sorts that counts: the latest, ties broken by the greater pair. */
export function latestNote<K extends NoteContent['note']>(
  notes: readonly NoteBody[],
  ...sorts: readonly K[]
): NoteOf<K> | undefined {
  const wanted = notes.filter((note): note is NoteOf<K> => (sorts as readonly string[]).includes(note.note));
  return wanted.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time) || (a.pair < b.pair ? -1 : 1)).at(-1);
}
