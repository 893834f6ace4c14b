import { HoldfastError } from '../../shared/errors.ts';
import { mapParallel } from '../../shared/parallel.ts';
import { DEFAULT_LOG_N, parseSlot, type Slot, sealSlot } from '../crypto/slot.ts';
import { objectId } from '../format/pack.ts';
import type { Store } from '../ports.ts';
import { isNotFound, isUnusable } from './damage.ts';
import { PARALLEL_READS, readObjects } from './objects.ts';
import type { Repository } from './repository.ts';
import { deleteSession, listSessions, Session, type SessionRecord } from './sessions.ts';

/**
 * Key slots in the store: two objects each. Whoever puts or removes one names it in a session until both are done, so that a half that a dead
 * process left is told from one whose other copy was lost (docs/FORMAT.md section 11).
 */

const PREFIX = 'keys/';
const MAY_WAIT: readonly string[] = ['permission', 'refused', 'storage_full'];

/** A slot as it lies in the store: its readable copies, and the names of their objects. */
export interface StoredSlot {
  id: string;
  copies: { name: string; slot: Slot }[];
  /** Names of damaged objects that say that they are copies of it. */
  spoiled: string[];
}

export interface NewPassphrase {
  passphrase: string;
  label: string;
  /** log2 N of scrypt, where it is not to be the default. */
  logN?: number;
}

/** In the order of their IDs. */
export async function readSlots({ store }: Pick<Repository, 'store'>): Promise<StoredSlot[]> {
  const found: { name: string; slot: Slot }[] = [];
  const damaged: string[] = [];
  await readObjects({
    store,
    prefix: PREFIX,
    use: (name, bytes) => found.push({ name, slot: parseSlot(bytes) }),
    // Opening the repository has told about these; a slot counts by the copies that can be used.
    damaged: (name) => damaged.push(name),
  });
  const spoiled = await readDoubtful(store, damaged);
  const slots = [...Map.groupBy(found, ({ slot }) => slot.slotId)].map(([id, copies]) => {
    return { id, copies, spoiled: spoiled.flatMap(({ name, slot }) => (slot.slotId === id ? [name] : [])) };
  });
  return slots.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * Slots in objects that are not what their names say. What lies under a wrong name may be another object's content, and whole: a slot is
 * authenticated when it is opened.
 */
export async function readDoubtful(store: Store, names: readonly string[]): Promise<{ name: string; slot: Slot }[]> {
  const found = await mapParallel(names, PARALLEL_READS, async (name) => {
    try {
      return [{ name, slot: parseSlot(await store.get(name)) }];
    } catch (error) {
      if (!isNotFound(error) && !isUnusable(error)) throw error;
      return [];
    }
  });
  return found.flat();
}

/** Puts both copies of a new slot for the repository's keys. Costs one scrypt. */
export async function putSlot(
  repository: Repository,
  { passphrase, label, logN = DEFAULT_LOG_N }: NewPassphrase,
): Promise<{ id: string; label: string }> {
  const { ring, header, random } = repository;
  const { slotId, copies } = await sealSlot(ring, header.bytes, passphrase, label, random, logN);
  await putCopies(repository, 'key', slotId, copies);
  return { id: slotId, label };
}

/** Puts the copies of a slot. `operation`: what its session is called. */
export async function putCopies(
  repository: Repository,
  operation: string,
  slotId: string,
  copies: readonly Buffer[],
): Promise<void> {
  await whileNamed(repository, operation, slotId, async () => {
    for (const copy of copies) await repository.store.put(`${PREFIX}${objectId(copy)}`, copy);
  });
}

/** With its damaged copies: they may be close enough to be repaired by whoever knows the passphrase. */
export async function deleteSlot(repository: Repository, { id, copies, spoiled }: StoredSlot): Promise<void> {
  await whileNamed(repository, 'key', id, async () => {
    for (const name of [...copies.map((copy) => copy.name), ...spoiled]) await repository.store.delete(name);
  });
}

async function whileNamed(
  repository: Repository,
  operation: string,
  slot: string,
  change: () => Promise<void>,
): Promise<void> {
  const session = await Session.start(repository, { operation, slot, optional: true });
  try {
    await change();
  } catch (error) {
    await session.stop();
    throw error;
  }
  await session.end();
}

/**
 * Finishes or undoes what processes that died had begun to do with key slots: nobody was told that it was done. A half slot goes, unless it is the
 * one that opened this repository: then it gets its other copy. What cannot be written now waits for the next time.
 */
export async function settleSlots(repository: Repository): Promise<void> {
  const dead = (await listSessions(repository)).filter(({ live, body }) => !live && body?.slot !== undefined);
  if (dead.length === 0 || !repository.writable) return;
  try {
    for (const session of dead) await settleSlot(repository, session);
  } catch (error) {
    if (!(error instanceof HoldfastError) || !MAY_WAIT.includes(error.code)) throw error;
  }
}

async function settleSlot(repository: Repository, session: SessionRecord): Promise<void> {
  const { store, slot: own } = repository;
  const named = (await readSlots(repository)).find(({ id }) => id === session.body?.slot);
  if (named?.copies.length === 1) {
    if (named.id !== own.id) for (const { name } of named.copies) await store.delete(name);
    else if (own.otherCopy !== undefined) await store.put(`${PREFIX}${objectId(own.otherCopy)}`, own.otherCopy);
  }
  await deleteSession(repository, session);
}
