import { HoldfastError } from '../../shared/errors.ts';
import type { Repository } from '../repository/repository.ts';
import { Session } from '../repository/sessions.ts';

/** Stores that cannot be written to are read without a session: it spares collectors and readers trouble, but nothing depends on it. */
const GO_ON_WITHOUT: readonly string[] = ['permission', 'refused', 'storage_full'];

/** Runs `work` while a session, where one can be put, shows that somebody reads, so that collectors wait. */
export async function whileReading<T>(
  repository: Repository,
  operation: string,
  work: (session: Session | undefined) => Promise<T>,
): Promise<T> {
  const session = await startSession(repository, operation);
  try {
    return await work(session);
  } finally {
    // What is left of it lapses by itself; a failure to tidy up must not hide what the work came to.
    await session?.end().catch(() => {});
  }
}

async function startSession(repository: Repository, operation: string): Promise<Session | undefined> {
  try {
    return await Session.start(repository, { operation });
  } catch (error) {
    if (error instanceof HoldfastError && GO_ON_WITHOUT.includes(error.code)) return undefined;
    throw error;
  }
}
