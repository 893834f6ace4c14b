import type { Mark, Marks } from './marks.ts';
import type { Repository } from './repository.ts';
import { listSessions, type Session, type SessionRecord } from './sessions.ts';

/** What a collector has settled to delete: everything named by the marks that are old enough. */
export interface Frozen {
  marks: Mark[];
  packs: ReadonlySet<string>;
  indexes: ReadonlySet<string>;
  /** Live sessions, in words, that keep further marks from being acted on. */
  waitingFor: string[];
}

/**
 * A mark tells when its put began. A session that starts before that put is done may not see the mark, so so much later ones are waited for as
 * well; a put that takes longer still costs such a writer its work, and nothing else.
 */
const MARK_PUT_MS = 10_000;

/** Freezes the marks that are older than the grace and than every live session but this one. */
export async function freeze(repository: Repository, session: Session, marks: Marks, graceMs: number): Promise<Frozen> {
  const { rules, clock } = repository;
  const aged = marks.all.filter(
    ({ time, doneTime }) => doneTime === undefined && (!rules.waitForGrace || clock.now() - time >= graceMs),
  );
  const others = rules.waitForSessions && aged.length > 0 ? await otherLiveSessions(repository, session) : [];
  const isBlocking = (other: SessionRecord, mark: Mark): boolean =>
    Date.parse(other.body?.started ?? '') <= mark.time + MARK_PUT_MS;
  const ready = aged.filter((mark) => !others.some((other) => isBlocking(other, mark)));
  const blocking = others.filter((other) => aged.some((mark) => isBlocking(other, mark)));
  return {
    marks: ready,
    packs: new Set(ready.flatMap(({ packs }) => packs)),
    indexes: new Set(ready.flatMap(({ indexes }) => indexes)),
    waitingFor: blocking.map(describeSession),
  };
}

export async function otherLiveSessions(repository: Repository, own: Session): Promise<SessionRecord[]> {
  const sessions = await listSessions(repository);
  return sessions.filter(({ id, live }) => live && id !== own.id);
}

export function describeSession({ id, body }: SessionRecord): string {
  if (body === undefined) return `session ${id.slice(0, 8)}`;
  return `${body.operation} on ${body.host} since ${body.started} (session ${id.slice(0, 8)})`;
}
