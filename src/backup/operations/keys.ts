import { HoldfastError } from '../../shared/errors.ts';
import { openSlot } from '../crypto/slot.ts';
import { deleteSlot, type NewPassphrase, putSlot, readSlots, type StoredSlot } from '../repository/key-slots.ts';
import type { Repository } from '../repository/repository.ts';
import type { KeySlotInfo } from '../types.ts';

const MIN_PREFIX_DIGITS = 4;
const MAX_LABEL_BYTES = 200;

/** The key slots, in the order of their IDs. `current` is the ID of the slot that this program opened the repository with. */
export async function listKeys(repository: Repository, current = repository.slot.id): Promise<KeySlotInfo[]> {
  return (await readSlots(repository)).map((slot) => infoOf(slot, current));
}

/**
 * Adds a passphrase.
 *
 * @throws HoldfastError `usage` for an empty passphrase or a label that is too long
 */
export async function addKey(repository: Repository, request: NewPassphrase): Promise<KeySlotInfo> {
  const { passphrase, label } = request;
  if (passphrase === '')
    throw new HoldfastError('usage', 'The new passphrase is empty.', { advice: 'Choose another.' });
  if (Buffer.byteLength(label) > MAX_LABEL_BYTES) {
    throw new HoldfastError('usage', `The label has more than ${MAX_LABEL_BYTES} bytes.`, {
      advice: 'Give a few words.',
    });
  }
  const added = await putSlot(repository, request);
  const stored = (await readSlots(repository)).find(({ id }) => id === added.id);
  return infoOf(stored ?? { id: added.id, copies: [], spoiled: [] }, repository.slot.id, label);
}

/**
 * Removes the passphrase of one slot, given by its ID or a prefix of it. Whoever used it may have kept the keys.
 *
 * @throws HoldfastError `not_found`, `usage` for an ambiguous prefix, `refused` for the last slot
 */
export async function removeKey(
  repository: Repository,
  slotId: string,
  current = repository.slot.id,
): Promise<KeySlotInfo> {
  const slots = await readSlots(repository);
  const slot = chooseSlot(slots, slotId);
  if (slots.length === 1) {
    throw new HoldfastError('refused', 'This is the last key slot: without it nobody could open the repository.', {
      advice: 'Add another passphrase first.',
    });
  }
  await deleteSlot(repository, slot);
  return infoOf(slot, current);
}

/**
 * Replaces the passphrase of the slot `current`: a new slot is put and tried, then the old one is removed. Gives the new slot, which is the
 * current one from now on.
 */
export async function changePassphrase(
  repository: Repository,
  request: Omit<NewPassphrase, 'label'>,
  current = repository.slot.id,
): Promise<KeySlotInfo> {
  const old = (await readSlots(repository)).find(({ id }) => id === current);
  const label = old?.copies[0]?.slot.label ?? repository.slot.label;
  const added = await addKey(repository, { ...request, label });
  const stored = (await readSlots(repository)).find(({ id }) => id === added.id);
  const copies = stored?.copies.map(({ slot }) => slot) ?? [];
  if (copies.length < 2 || (await openSlot(copies, request.passphrase)) === undefined) {
    throw new HoldfastError('store_failed', 'The new key slot cannot be read back; the old passphrase stays.', {
      advice: 'Run verify, then try again.',
    });
  }
  if (old !== undefined) await deleteSlot(repository, old);
  return { ...added, current: true };
}

function chooseSlot(slots: readonly StoredSlot[], slotId: string): StoredSlot {
  const prefix = slotId.toLowerCase();
  const found = slots.filter(({ id }) => id.startsWith(prefix));
  if (!/^[0-9a-f]+$/.test(prefix) || prefix.length < MIN_PREFIX_DIGITS || found.length > 1) {
    const what = found.length > 1 ? 'could be several key slots' : 'is not the ID of a key slot';
    throw new HoldfastError('usage', `${JSON.stringify(slotId)} ${what}.`, {
      advice: `Give at least ${MIN_PREFIX_DIGITS} digits of an ID as key list shows it, and enough to tell it from others.`,
    });
  }
  const [only] = found;
  if (only !== undefined) return only;
  throw new HoldfastError('not_found', `There is no key slot ${prefix}.`, {
    advice: 'Run key list to see all of them.',
  });
}

function infoOf({ id, copies }: StoredSlot, current: string, label = ''): KeySlotInfo {
  return { id, label: copies[0]?.slot.label ?? label, current: id === current, copies: copies.length };
}
