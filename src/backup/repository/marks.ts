import { HoldfastError } from '../../shared/errors.ts';
import { OBJECT_TYPES } from '../crypto/sealer.ts';
import { type MarkBody, type MarkDoneBody, parseMarkBody, parseMarkDoneBody } from '../format/bodies.ts';
import { decodeBody, encodeBody } from '../format/body.ts';
import { objectId } from '../format/pack.ts';
import { lastComponent } from './names.ts';
import { readObjects } from './objects.ts';
import type { Repository } from './repository.ts';
import type { Session } from './sessions.ts';

/** Marks of what is going to be deleted (docs/FORMAT.md sections 11 and 13). They are final. */

const PREFIX = 'gc/';
const DONE = '.done';
const CLOCK_TOLERANCE_MS = 60 * 60 * 1000;

export interface Mark {
  id: string;
  /** Milliseconds since 1970. */
  time: number;
  packs: string[];
  indexes: string[];
  /** When everything that it names had been deleted; undefined before. */
  doneTime: number | undefined;
}

export interface Marks {
  all: Mark[];
  /** Everything that any mark names. */
  packs: ReadonlySet<string>;
  indexes: ReadonlySet<string>;
  /** Names of marks that cannot be read: nobody can act on them any more. */
  damaged: string[];
  /** Names of `.done` objects whose mark is gone. */
  orphans: string[];
}

/** Reads `gc/`. Throws `unsupported_version` for a mark that a newer program wrote, since what it protects is unknown. */
export async function readMarks(repository: Repository, signal?: AbortSignal): Promise<Marks> {
  const { store, bodies, sealer } = repository;
  const damaged: string[] = [];
  const listed = await readObjects({
    store,
    prefix: PREFIX,
    signal,
    wanted: ({ name }) => !bodies.has(name),
    use: (name, bytes) => bodies.set(name, parseGcObject(name, decodeBody(sealer, gcType(name), bytes))),
    damaged: (name, error) => {
      // A completion that cannot be read is put again by the next collection; its name is no hash, so damage may look like a newer version.
      if (name.endsWith(DONE)) return;
      if (error.code === 'unsupported_version') throw error;
      damaged.push(name);
    },
  });
  const found = listed.map(({ name }) => ({ name, body: bodies.get(name) }));
  return collectMarks(found, damaged);
}

const gcType = (name: string) => (name.endsWith(DONE) ? OBJECT_TYPES.markDone : OBJECT_TYPES.mark);

function parseGcObject(name: string, value: Record<string, unknown>): MarkBody | MarkDoneBody {
  if (!name.endsWith(DONE)) return parseMarkBody(value);
  const done = parseMarkDoneBody(value);
  if (`${done.mark}${DONE}` !== lastComponent(name)) throw new HoldfastError('damaged', 'it belongs to another mark');
  return done;
}

function collectMarks(found: readonly { name: string; body: unknown }[], damaged: string[]): Marks {
  const bodies = found.flatMap(({ name, body }) =>
    body === undefined ? [] : [{ name, body: body as MarkBody | MarkDoneBody }],
  );
  const doneTimes = new Map(
    bodies.flatMap(({ body }) => (body.type === 'mark-done' ? [[body.mark, Date.parse(body.time)] as const] : [])),
  );
  const all = bodies.flatMap(({ name, body }): Mark[] => {
    if (body.type !== 'mark') return [];
    const id = lastComponent(name);
    return [{ id, time: Date.parse(body.time), packs: body.packs, indexes: body.indexes, doneTime: doneTimes.get(id) }];
  });
  const ids = new Set(all.map(({ id }) => id));
  const orphans = bodies.flatMap(({ name, body }) => (body.type === 'mark-done' && !ids.has(body.mark) ? [name] : []));
  return {
    all,
    packs: new Set(all.flatMap((mark) => mark.packs)),
    indexes: new Set(all.flatMap((mark) => mark.indexes)),
    damaged,
    orphans,
  };
}

/** Names packs and index runs for deletion. From now on nobody counts on them. */
export async function putMark(
  repository: Repository,
  session: Session,
  named: { packs: string[]; indexes: string[] },
): Promise<void> {
  const body: MarkBody = {
    type: 'mark',
    version: 1,
    critical: [],
    time: repository.timestamp(),
    session: session.id,
    packs: named.packs,
    indexes: named.indexes,
  };
  const bytes = encodeBody(repository.sealer, OBJECT_TYPES.mark, session.bytes, body);
  await repository.store.put(`${PREFIX}${objectId(bytes)}`, bytes);
}

/** Says that everything that the mark names has been deleted. */
export async function putDone(repository: Repository, session: Session, mark: Mark): Promise<void> {
  const body: MarkDoneBody = {
    type: 'mark-done',
    version: 1,
    critical: [],
    mark: mark.id,
    time: repository.timestamp(),
  };
  const bytes = encodeBody(repository.sealer, OBJECT_TYPES.markDone, session.bytes, body);
  await repository.store.put(`${PREFIX}${mark.id}${DONE}`, bytes);
}

/** Removes a finished mark and its completion: the mark first, since a completion without its mark says nothing. */
export async function deleteMark(repository: Repository, mark: Mark): Promise<void> {
  await repository.store.delete(`${PREFIX}${mark.id}`);
  await repository.store.delete(`${PREFIX}${mark.id}${DONE}`);
}

/**
 * Ages of marks are measured by the times in them, so clocks must agree.
 *
 * @throws HoldfastError `refused` where a mark is from more than an hour ahead of this host's clock
 */
export function requireAgreeingClocks(repository: Repository, marks: Marks): void {
  const ahead = marks.all.find((mark) => mark.time > repository.clock.now() + CLOCK_TOLERANCE_MS);
  if (ahead === undefined) return;
  const time = new Date(ahead.time).toISOString();
  throw new HoldfastError('refused', `gc/${ahead.id} was written at ${time}, which is still to come on this host.`, {
    advice: 'Set the clocks of the hosts that use this repository, then prune again.',
  });
}
