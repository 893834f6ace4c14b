import { HoldfastError } from '../../../shared/errors.ts';
import type { Repository } from '../../repository/repository.ts';
import { deleteSession, listSessions, Session, type SessionRecord } from '../../repository/sessions.ts';

/** What a twin's own session is called while objects are copied to it. */
const OPERATION = 'mirrored';
/** Nothing was copied, or everything that can be. */
const SETTLED: readonly string[] = ['refused', 'damaged'];

/**
 * Runs `work` while a session in the twin says that it may have one object of a pair and not yet the other. Where `work` fails or dies, the session
 * stays until a mirror comes to its end.
 */
export async function whileMirrored<T>(twin: Repository, work: () => Promise<T>): Promise<T> {
  const before = (await listSessions(twin)).filter(isMirrored);
  const session = await Session.start(twin, { operation: OPERATION, optional: true });
  let result: T;
  try {
    result = await work();
  } catch (error) {
    const isSettled = error instanceof HoldfastError && SETTLED.includes(error.code);
    await (isSettled ? session.end() : session.stop());
    throw error;
  }
  for (const other of before) await deleteSession(twin, other);
  await session.end();
  return result;
}

/** True of a mirror that is being made, or was when whoever made it died. */
export function isUnfinishedMirror(sessions: readonly SessionRecord[]): boolean {
  return sessions.some(isMirrored);
}

const isMirrored = ({ body }: SessionRecord): boolean => body?.operation === OPERATION;
