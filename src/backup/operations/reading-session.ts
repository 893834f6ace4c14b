import { HoldfastError } from '../../shared/errors.ts';
import { requireStillThere } from '../repository/readers.ts';
import type { Repository } from '../repository/repository.ts';
import { Session, type SessionRequest } from '../repository/sessions.ts';

/** Stores that cannot be written to are read without a session: it spares collectors and readers trouble, but nothing depends on it. */
const GO_ON_WITHOUT: readonly string[] = ['permission', 'refused', 'storage_full'];

/**
 * Runs `work` while a session, where one can be put, shows what is read: collectors wait for it, and nobody forgets its snapshots.
 *
 * @throws HoldfastError `not_found` where one of the snapshots has just been forgotten
 */
export async function whileReading<T>(
  repository: Repository,
  request: SessionRequest,
  work: (session: Session | undefined) => Promise<T>,
): Promise<T> {
  const session = await startSession(repository, request);
  try {
    if (session !== undefined) await requireStillThere(repository, request.snapshots ?? []);
    return await work(session);
  } finally {
    // What is left of it lapses by itself; a failure to tidy up must not hide what the work came to.
    await session?.end().catch(() => {});
  }
}

async function startSession(repository: Repository, request: SessionRequest): Promise<Session | undefined> {
  try {
    return await Session.start(repository, request);
  } catch (error) {
    if (error instanceof HoldfastError && GO_ON_WITHOUT.includes(error.code)) return undefined;
    throw error;
  }
}
