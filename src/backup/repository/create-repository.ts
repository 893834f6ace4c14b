import { HoldfastError } from '../../shared/errors.ts';
import { createKeyRing } from '../crypto/keyring.ts';
import { Sealer } from '../crypto/sealer.ts';
import { DEFAULT_LOG_N, sealSlot } from '../crypto/slot.ts';
import { encodeHeader, HEADER_NAME, type Header, parseHeader } from '../format/header.ts';
import { objectId } from '../format/pack.ts';
import type { Store } from '../ports.ts';
import { DEFAULT_CONFIG, putConfig } from './config.ts';
import { isNotFound, isUnusable } from './damage.ts';
import { putCopies } from './key-slots.ts';
import { Repository, type RepositoryPorts } from './repository.ts';

export interface CreateRequest {
  passphrase: string;
  /** Of the first key slot, for people; not secret. */
  label: string;
  /** Plain files for people, such as the rescue program and FORMAT.md, by their names in the store. */
  files: readonly { name: string; bytes: Buffer }[];
  /** log2 N of scrypt. */
  logN?: number;
}

/**
 * Makes a new repository. The key slots come last: until they are there nothing can be lost, and a creation that was interrupted is
 * simply done again.
 *
 * @throws HoldfastError `refused` where a repository exists already
 */
export async function createRepository(ports: RepositoryPorts, request: CreateRequest): Promise<Repository> {
  const { store, random } = ports;
  await refuseExisting(store);
  const header = await putHeader(ports);
  const ring = createKeyRing(random);
  const sealer = new Sealer(ring, header.repositoryId, random);
  await removeSealed(store);
  for (const { name, bytes } of request.files) await store.put(name, bytes);
  const files = Object.fromEntries(request.files.map(({ name, bytes }) => [name, objectId(bytes)]));
  const config = { ...DEFAULT_CONFIG, files };
  await putConfig(store, sealer, random, 1, config);
  const { passphrase, label, logN = DEFAULT_LOG_N } = request;
  const { slotId, copies } = await sealSlot(ring, header.bytes, passphrase, label, random, logN);
  const slot = { id: slotId, label };
  const repository = new Repository(ports, { header, ring, config, slot, warnings: [] });
  await putCopies(repository, 'init', slotId, copies);
  return repository;
}

/** What a creation that was interrupted has sealed under keys that nobody has. */
async function removeSealed(store: Store): Promise<void> {
  const found = [...(await store.list('config/')), ...(await store.list('sessions/'))];
  for (const { name } of found) await store.delete(name);
}

/** Throws `refused` where a repository exists already. */
export async function refuseExisting(store: Store): Promise<void> {
  if ((await store.list('keys/')).length === 0) return;
  throw new HoldfastError('refused', `${store.location} holds a repository already.`, {
    advice: 'Use it, or choose another place for the new one.',
  });
}

/** The header of a creation that was interrupted stays: it never changes. */
async function putHeader({ store, random, clock }: RepositoryPorts): Promise<Header> {
  const found = await readHeader(store);
  if (found !== undefined) return found;
  const header = encodeHeader(random.bytes(32), new Date(clock.now()).toISOString());
  await store.put(HEADER_NAME, header.bytes);
  return header;
}

async function readHeader(store: Store): Promise<Header | undefined> {
  try {
    return parseHeader(await store.get(HEADER_NAME));
  } catch (error) {
    if (isNotFound(error) || (isUnusable(error) && error.code === 'damaged')) return undefined;
    throw error;
  }
}
