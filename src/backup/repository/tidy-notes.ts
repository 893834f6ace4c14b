import type { NoteBody, Testimony } from '../format/bodies.ts';
import { putNote, readNotes } from './notes.ts';
import { Evidence } from './obsolete-notes.ts';
import type { Repository } from './repository.ts';
import type { Session } from './sessions.ts';
import { type Catalog, type Forgotten, readCatalog } from './snapshots.ts';

/** Fewer forgotten snapshots are not worth a note for all of them. */
const WORTHWHILE = 50;

export interface TidyOptions {
  /** How old a note has to be before what it makes obsolete goes: listings may lag, and deletions come back after a power cut. */
  graceMs: number;
  /** From how many forgotten snapshots on one note testifies for all of them. */
  worthwhile?: number;
}

/**
 * Keeps the number of notes from growing for ever: one note testifies for all snapshots that were forgotten long ago, and what later notes made obsolete is deleted.
 * The later note is old before anything goes, so that whoever lists sees one or the other. Safe to do by several at once, and to interrupt anywhere.
 */
export async function tidyNotes(
  repository: Repository,
  session: Session,
  { graceMs, worthwhile = WORTHWHILE }: TidyOptions,
): Promise<void> {
  await deleteObsolete(repository, graceMs);
  const catalog = await readCatalog(repository);
  const testimonies = toTestify(catalog, repository.clock.now() - graceMs, worthwhile);
  const [newest] = testimonies;
  if (newest === undefined) return;
  const content = { note: 'forgotten', reason: 'with others, long ago', also: testimonies } as const;
  // It replaces the notes that testified so far, whatever this host's clock says.
  const before = [...catalog.forgotten.values()].filter(({ testified }) => testified).map(({ time }) => time);
  await putNote(repository, newest.id, content, session.bytes, before.toSorted().at(-1));
  // Without a grace somebody vouches that nothing else is running.
  if (graceMs === 0) await deleteObsolete(repository, graceMs);
}

async function deleteObsolete(repository: Repository, graceMs: number): Promise<void> {
  await readNotes(repository);
  const listed = await repository.store.list('notes/');
  const found = listed.flatMap(({ name }) => {
    const note = repository.bodies.get(name) as NoteBody | null | undefined;
    return note?.type === 'note' ? [{ name, note }] : [];
  });
  const oldest = repository.clock.now() - graceMs;
  const aged = found.map(({ note }) => note).filter(({ time }) => Date.parse(time) <= oldest);
  const evidence = new Evidence(aged);
  for (const { name, note } of found) if (evidence.isObsolete(note)) await repository.store.delete(name);
}

/** For whom a new note would testify, the newest first; nobody where the notes that there are do well enough. */
function toTestify({ forgotten, leftovers }: Catalog, oldest: number, worthwhile: number): Testimony[] {
  const isFresh = ([id, { time, testified }]: readonly [string, Forgotten]): boolean =>
    !testified && Date.parse(time) <= oldest && !leftovers.includes(id);
  const all = [...forgotten];
  if (all.filter(isFresh).length < worthwhile) return [];
  return all
    .filter((entry) => entry[1].testified || isFresh(entry))
    .toSorted(([, a], [, b]) => Date.parse(b.time) - Date.parse(a.time))
    .map(([id, { head }]) => ({ id, ...head }));
}
