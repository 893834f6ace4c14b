import { HoldfastError } from '../../shared/errors.ts';
import { OBJECT_TYPES } from '../crypto/sealer.ts';
import { parseNoteBody } from '../format/bodies.ts';
import { decodeBody, encodeBody } from '../format/body.ts';
import { objectId } from '../format/pack.ts';
import type { NoteListing } from './notes.ts';
import { requireHash } from './objects.ts';
import type { Repository } from './repository.ts';
import { listSessions } from './sessions.ts';

/** The two objects of a note (docs/FORMAT.md section 10), and what is done when there is only one. */

export interface HalfNote {
  snapshot: string;
  /** The note's sort. */
  note: string;
  /** Name of the object that is there. */
  object: string;
  /**
   * `writing`: its writer lives and may be about to put the other one. `interrupted`: its writer died and left its session behind. `lost`: its
   * writer finished, so the other object was there.
   */
  state: 'writing' | 'interrupted' | 'lost';
}

/** Tells for each half what became of the other one: a session ends only after its notes are whole. */
export async function judgeHalves(repository: Repository, halves: NoteListing['halves']): Promise<HalfNote[]> {
  if (halves.length === 0) return [];
  const judged: HalfNote[] = [];
  // Sessions are listed first: one that ends in between has put both objects by then, which a second look shows.
  const sessions = new Map((await listSessions(repository)).map(({ id, live }) => [id, live]));
  for (const half of halves) {
    const bytes = await repository.store.get(half.object);
    const live = sessions.get(repository.sealer.open(OBJECT_TYPES.note, bytes).session.toString('hex'));
    judged.push({ ...half, state: live === undefined ? 'lost' : live ? 'writing' : 'interrupted' });
  }
  return judged;
}

/** Puts the other object of a half note: the same note with the other copy number. Throws `damaged` where the half is no good either. */
export async function completePair(repository: Repository, half: Pick<HalfNote, 'object' | 'snapshot'>): Promise<void> {
  const { store, sealer } = repository;
  const bytes = await store.get(half.object);
  requireHash(half.object, bytes);
  const value = decodeBody(sealer, OBJECT_TYPES.note, bytes);
  const note = parseNoteBody(value);
  if (note === undefined) throw new HoldfastError('damaged', `${half.object} is of an unknown sort`);
  const session = Buffer.from(sealer.open(OBJECT_TYPES.note, bytes).session);
  const twin = encodeBody(sealer, OBJECT_TYPES.note, session, { ...value, copy: note.copy === 0 ? 1 : 0 });
  await store.put(`notes/${half.snapshot}/${objectId(twin)}`, twin);
}

/** Completes the notes whose writers died between the two objects. */
export async function completeInterruptedPairs(repository: Repository, halves: NoteListing['halves']): Promise<void> {
  for (const half of await judgeHalves(repository, halves)) {
    if (half.state === 'interrupted') await completePair(repository, half);
  }
}
