import type { SessionBody } from '../format/bodies.ts';
import { readIndexRuns } from './index-loader.ts';
import { deleteMark, type Marks, readMarks } from './marks.ts';
import { judgeHalves } from './note-pairs.ts';
import type { Repository } from './repository.ts';
import { deleteSession, listSessions, type Session } from './sessions.ts';
import { type Catalog, deleteSnapshotObject, readCatalog } from './snapshots.ts';

/** Removing what has served its purpose: step 8 of the collector in docs/FORMAT.md section 13, and what interrupted operations left. */

/** Removes marks whose completion is older than the grace and whose packs no index run names. */
export async function removeFinishedMarks(repository: Repository, graceMs: number): Promise<void> {
  const marks = await readMarks(repository);
  const now = repository.clock.now();
  const keepMs = repository.rules.keepDoneMarks ? graceMs : 0;
  const aged = marks.all.filter(({ doneTime }) => doneTime !== undefined && now - doneTime >= keepMs);
  for (const name of marks.orphans) await repository.store.delete(name);
  if (aged.length === 0) return;
  const { runs } = await readIndexRuns(repository);
  const named = new Set(runs.flatMap((run) => [run.id, ...run.packs.map(({ id }) => id)]));
  for (const mark of aged) {
    const isNamed = mark.packs.some((id) => named.has(id)) || mark.indexes.some((id) => named.has(id));
    if (!isNamed || !repository.rules.keepDoneMarks) await deleteMark(repository, mark);
  }
}

/** Removes the objects of snapshots that were forgotten before their object could be deleted. */
export async function removeForgottenObjects(repository: Repository, catalog: Catalog): Promise<void> {
  for (const id of catalog.leftovers) await deleteSnapshotObject(repository, id);
}

/**
 * Removes what dead sessions left. Those of restores and those that name a key slot stay for whoever opens the repository next, who finishes or
 * undoes what they had begun. So do those whose snapshot
 * is still unfinished, or that have half a note: the session tells that it was interrupted and not harmed. Both are looked for when it is
 * known which sessions are dead, since until then they may have put more.
 */
export async function removeDeadSessions(repository: Repository, own: Session): Promise<void> {
  const sessions = await listSessions(repository);
  const dead = sessions.filter(({ id, live, body }) => !live && id !== own.id && !isForOpening(body));
  if (dead.length === 0) return;
  const { snapshots, halves } = await readCatalog(repository);
  if ((await judgeHalves(repository, halves)).some(({ state }) => state === 'interrupted')) return;
  const unfinished = new Set(snapshots.filter(({ status }) => status === 'unfinished').map(({ body }) => body.session));
  for (const session of dead) if (!unfinished.has(session.id)) await deleteSession(repository, session);
}

const isForOpening = (body: SessionBody | undefined): boolean =>
  body?.operation === 'restore' || body?.slot !== undefined;

/** Removes marks that nobody can read. Only where no other collector runs: it may have read them before they were damaged. */
export async function removeDamagedMarks(repository: Repository, own: Session, marks: Marks): Promise<string[]> {
  if (marks.damaged.length === 0) return [];
  const sessions = await listSessions(repository);
  const others = sessions.some(({ id, live, body }) => live && id !== own.id && body?.operation === 'prune');
  if (others) return marks.damaged.map((name) => `${name} is damaged; it is removed once no other prune is running.`);
  for (const name of marks.damaged) await repository.store.delete(name);
  return marks.damaged.map(
    (name) => `${name} was damaged and has been removed; what it named is marked again where it is unused.`,
  );
}
