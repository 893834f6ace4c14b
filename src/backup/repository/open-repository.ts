import { HoldfastError } from '../../shared/errors.ts';
import { mapParallel } from '../../shared/parallel.ts';
import { Sealer } from '../crypto/sealer.ts';
import { type OpenedSlot, openSlot, parseSlot, type Slot, sealOtherCopy } from '../crypto/slot.ts';
import { HEADER_NAME, type Header, parseHeader } from '../format/header.ts';
import type { Store } from '../ports.ts';
import { chooseConfig, fetchConfigs } from './config.ts';
import { isNotFound, isUnusable } from './damage.ts';
import { readDoubtful } from './key-slots.ts';
import { PARALLEL_READS, readObjects } from './objects.ts';
import { Repository, type RepositoryPorts } from './repository.ts';

export interface OpenRepositoryRequest {
  /** Asked for once, after it is clear that there is a repository. */
  passphrase: () => Promise<string> | string;
  /** Prefixes whose objects the caller will need: read while scrypt runs. */
  early?: readonly string[];
  /** Called once the passphrase is being worked on, which takes long but not in this thread. */
  onDeriving?: () => void;
}

/**
 * Opens the repository in a store. Damage to the header, to one configuration object or to one copy of a key slot loses nothing and
 * gives a warning.
 *
 * @throws HoldfastError `not_a_repository`, `wrong_passphrase`, `unsupported_version`, `damaged`, and what the store throws
 */
export async function openRepository(ports: RepositoryPorts, request: OpenRepositoryRequest): Promise<Repository> {
  const { store } = ports;
  const warnings: string[] = [];
  const [found, { sure, doubtful }] = await Promise.all([readHeader(store, warnings), readSlots(store, warnings)]);
  const slots = [...sure, ...doubtful];
  if (found.newer !== undefined) {
    if (!isOneFlippedBit(found.newer.bytes, slots)) throw found.newer.error;
    warnings.push(`${HEADER_NAME} is damaged; the copy in a key slot is used.`);
  }
  const { header } = found;
  if (slots.length === 0) throw nothingToOpen(store, header !== undefined);
  const passphrase = await request.passphrase();
  const configs = fetchConfigs(store);
  const early = fetchEarly(store, request.early ?? []);
  // Whoever awaits these sees their failures; until then nobody does, and Node would call them unhandled.
  configs.catch(() => {});
  early.catch(() => {});
  const opened = openOneSlot(slots, passphrase);
  request.onDeriving?.();
  const { slot, ring } = (await opened) ?? notOpened(store, sure.length > 0);
  const isAlone = sure.includes(slot) && sure.filter(({ slotId }) => slotId === slot.slotId).length === 1;
  const otherCopy = isAlone ? await sealOtherCopy(slot, passphrase, ports.random) : undefined;
  const authentic = authenticHeader(header, slot, warnings);
  const chosen = chooseConfig(new Sealer(ring, authentic.repositoryId, ports.random), await configs);
  return new Repository(ports, {
    header: authentic,
    ring,
    config: chosen.config,
    slot: { id: slot.slotId, label: slot.label, ...(otherCopy !== undefined && { otherCopy }) },
    warnings: [...warnings, ...chosen.warnings],
    early: await early,
  });
}

interface FoundHeader {
  /** Absent where the file is lost or damaged: every slot holds a copy. */
  header?: Header;
  /** The file names a version that this program does not know. */
  newer?: { bytes: Buffer; error: HoldfastError };
}

async function readHeader(store: Store, warnings: string[]): Promise<FoundHeader> {
  let bytes: Buffer;
  try {
    bytes = await store.get(HEADER_NAME);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return {};
  }
  try {
    return { header: parseHeader(bytes) };
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    if (error.code === 'unsupported_version') return { newer: { bytes, error: at(store, error) } };
    warnings.push(`${HEADER_NAME} is damaged; the copy in a key slot is used.`);
    return {};
  }
}

function at({ location }: Store, { code, message, advice }: HoldfastError): HoldfastError {
  return new HoldfastError(code, `${location}: ${message}`, advice === undefined ? {} : { advice });
}

/** A version that is one flipped bit away from the slots' copies is damage; whoever writes a newer format writes slots that say so too. */
function isOneFlippedBit(bytes: Buffer, slots: readonly Slot[]): boolean {
  return slots.some(({ header }) => {
    if (header.length !== bytes.length) return false;
    const different = [...header].map((byte, i) => byte ^ (bytes[i] as number)).filter((bits) => bits !== 0);
    const [bits = 0] = different;
    return different.length === 1 && (bits & (bits - 1)) === 0;
  });
}

interface FoundSlots {
  /** Those that are what their names say. */
  sure: Slot[];
  doubtful: Slot[];
}

async function readSlots(store: Store, warnings: string[]): Promise<FoundSlots> {
  const slots: Slot[] = [];
  const doubtful: string[] = [];
  await readObjects({
    store,
    prefix: 'keys/',
    use: (_name, bytes) => slots.push(parseSlot(bytes)),
    damaged: (name, error) => {
      warnings.push(`${name} is damaged: ${error.message}`);
      doubtful.push(name);
    },
  });
  for (const [slotId, copies] of Map.groupBy(slots, (slot) => slot.slotId)) {
    if (copies.length < 2) warnings.push(`A copy of key slot ${slotId.slice(0, 8)} is missing or damaged.`);
  }
  slots.sort((a, b) => (a.slotId === b.slotId ? a.copy - b.copy : a.slotId < b.slotId ? -1 : 1));
  return { sure: slots, doubtful: (await readDoubtful(store, doubtful)).map(({ slot }) => slot) };
}

function nothingToOpen(store: Store, hasHeader: boolean): HoldfastError {
  if (!hasHeader) {
    return new HoldfastError('not_a_repository', `${store.location} is not a Holdfast repository.`, {
      advice: 'Check the location, or run init to create a repository there.',
    });
  }
  return new HoldfastError('damaged', `${store.location} has a header but no usable key slot.`, {
    advice:
      'If init was interrupted, run it again; else bring back the objects below keys/ from a mirror of the repository.',
  });
}

async function openOneSlot(slots: readonly Slot[], passphrase: string): Promise<OpenedSlot | undefined> {
  for (const copies of Map.groupBy(slots, (slot) => slot.slotId).values()) {
    const opened = await openSlot(copies, passphrase);
    if (opened !== undefined) return opened;
  }
  return undefined;
}

/** `areSure`: no damage is why none of the slots opens. */
function notOpened({ location }: Store, areSure: boolean): never {
  if (areSure) {
    throw new HoldfastError('wrong_passphrase', `The passphrase does not open ${location}.`, {
      advice: 'Check the passphrase and the variables or the file that it comes from.',
    });
  }
  throw new HoldfastError('damaged', `The key slots of ${location} are damaged, or the passphrase is wrong.`, {
    advice: 'Check the passphrase; else bring back the objects below keys/ from a mirror of the repository.',
  });
}

/** The slot's copy is authenticated, the file is not. */
function authenticHeader(found: Header | undefined, slot: Slot, warnings: string[]): Header {
  if (found?.bytes.equals(slot.header)) return found;
  if (found !== undefined) warnings.push(`${HEADER_NAME} differs from its authenticated copy, which is used.`);
  else if (warnings.every((warning) => !warning.startsWith(HEADER_NAME))) {
    warnings.push(`${HEADER_NAME} is missing; the copy in a key slot is used.`);
  }
  return parseHeader(Buffer.from(slot.header));
}

/** Starts to read what will be needed. Failures are kept for whoever asks for the object. */
async function fetchEarly(store: Store, prefixes: readonly string[]): Promise<Map<string, Promise<Buffer>>> {
  const found = new Map<string, Promise<Buffer>>();
  for (const prefix of prefixes) {
    const listed = await store.list(prefix);
    await mapParallel(listed, PARALLEL_READS, async ({ name }) => {
      const bytes = store.get(name);
      found.set(name, bytes);
      await bytes.catch((error: unknown) => {
        if (!isNotFound(error) && !isUnusable(error)) throw error;
      });
    });
  }
  return found;
}
