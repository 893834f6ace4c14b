import { HoldfastError } from '../../shared/errors.ts';
import type { Repository } from './repository.ts';
import type { SessionRecord } from './sessions.ts';
import { readCatalog } from './snapshots.ts';

/** The live session that reads each snapshot, by the snapshot's ID. */
export function readersIn(sessions: readonly SessionRecord[]): ReadonlyMap<string, SessionRecord> {
  const live = sessions.filter((session) => session.live);
  return new Map(live.flatMap((session) => (session.body?.snapshots ?? []).map((id) => [id, session] as const)));
}

/**
 * A reader asks this once its session is stored: who forgets snapshots looks for sessions before, so either they saw the session, or this sees what
 * they did. What is there now stays readable as long as the session lives, because collectors wait for it.
 *
 * @throws HoldfastError `not_found` where a snapshot was forgotten since it was looked up
 */
export async function requireStillThere(repository: Repository, ids: readonly string[]): Promise<void> {
  const present = await Promise.all(ids.map((id) => repository.store.stat(`snapshots/${id}`)));
  if (present.every((found) => found !== undefined)) return;
  const { forgotten } = await readCatalog(repository);
  const gone = ids.find((id) => forgotten.has(id));
  if (gone === undefined) return;
  throw new HoldfastError('not_found', `Snapshot ${gone.slice(0, 8)} has just been forgotten.`, {
    advice: 'Run list to see what there is.',
  });
}
