import { mapParallel } from '../../../shared/parallel.ts';
import { OBJECT_TYPES } from '../../crypto/sealer.ts';
import { type ConfigBody, parseConfigBody } from '../../format/bodies.ts';
import { decodeBody, encodeBody } from '../../format/body.ts';
import { HEADER_NAME } from '../../format/header.ts';
import { objectId } from '../../format/pack.ts';
import type { OperationContext } from '../../ports.ts';
import { putConfig } from '../../repository/config.ts';
import { readSlots } from '../../repository/key-slots.ts';
import { lastComponent } from '../../repository/names.ts';
import { completePair, judgeHalves } from '../../repository/note-pairs.ts';
import { readNotes } from '../../repository/notes.ts';
import { PARALLEL_READS, readObjects } from '../../repository/objects.ts';
import type { Repository } from '../../repository/repository.ts';
import { checkPlainStructures } from '../verify/plain-structures.ts';

/** A file for people as this program would put it into a new repository. */
export interface StandardFile {
  name: string;
  bytes: Buffer;
}

/** Puts back what has a copy elsewhere: the header (in the key slots), a half of a configuration or of a note, plain files. */
export async function putBackCopies(
  repository: Repository,
  files: readonly StandardFile[],
  { onWarning = () => {} }: OperationContext,
): Promise<void> {
  await putBackSlot(repository, onWarning);
  const lost: string[] = [];
  for (const { object, problem } of await checkPlainStructures(repository)) {
    const bytes = await copyOf(repository, object, files);
    if (bytes !== undefined) {
      await repository.store.put(object, bytes);
      onWarning(`${object} has been put back.`);
    } else if (object in repository.config.files) lost.push(object);
    else if (object.startsWith('keys/')) onWarning(`${object}: ${problem}`);
  }
  if (lost.length > 0 && files.length > 0) await replaceFiles(repository, lost, files, onWarning);
  await putBackNotes(repository, onWarning);
}

/** Files that another version of this program has put here give way to those of this one, and a new configuration says so. */
async function replaceFiles(
  { store, sealer, random, config }: Repository,
  lost: readonly string[],
  files: readonly StandardFile[],
  onWarning: (message: string) => void,
): Promise<void> {
  const kept = Object.entries(config.files).filter(([name]) => !lost.includes(name));
  const fresh = files.filter(({ name }) => kept.every(([other]) => other !== name));
  for (const name of lost) await store.delete(name);
  for (const { name, bytes } of fresh) await store.put(name, bytes);
  const digests = fresh.map(({ name, bytes }) => [name, objectId(bytes)] as const);
  const numbers = (await store.list('config/')).map(({ name }) => Number(lastComponent(name)) || 0);
  const next = Math.max(0, ...numbers) + 1;
  await putConfig(store, sealer, random, next, { ...config, files: Object.fromEntries([...kept, ...digests]) });
  for (const name of lost) onWarning(`${name} was damaged and has been removed.`);
  for (const [name, digest] of digests)
    onWarning(`${name} of this program is there instead, with the SHA-256 ${digest}.`);
}

/** Writes the other copy of the slot that opened this repository, and removes damaged copies that nothing lacks any more. */
async function putBackSlot({ store, slot }: Repository, onWarning: (message: string) => void): Promise<void> {
  await untangle(
    store,
    (await store.list('keys/')).map(({ name }) => name),
  );
  const { otherCopy } = slot;
  if (otherCopy !== undefined) {
    await store.put(`keys/${objectId(otherCopy)}`, otherCopy);
    onWarning(`Key slot ${slot.id.slice(0, 8)} has both its copies again.`);
  }
  const slots = await readSlots({ store });
  const known = new Set(slots.flatMap(({ copies }) => copies.map(({ name }) => name)));
  const open = new Set((await store.list('keys/')).map(({ name }) => name).filter((name) => !known.has(name)));
  const areWhole = slots.every(({ copies }) => copies.length > 1);
  const replaced = slots.flatMap(({ copies, spoiled }) => (copies.length > 1 ? spoiled : []));
  // One alone that does not say whose it was is what has just been replaced.
  const unnamed = otherCopy !== undefined && areWhole && open.size === 1 ? [...open] : [];
  for (const name of new Set([...replaced, ...unnamed])) {
    await store.delete(name);
    onWarning(`${name} was damaged and has been replaced.`);
  }
}

/** Objects that lie under each other's names go where they belong. What cannot be read stays as it is. True where any went. */
async function untangle(store: Repository['store'], names: readonly string[]): Promise<boolean> {
  const objects = await mapParallel(names, PARALLEL_READS, async (name) => ({
    name,
    bytes: await store.get(name).catch(() => undefined),
  }));
  let moved = false;
  for (const { name, bytes } of objects) {
    if (bytes === undefined) continue;
    const right = `${folderOf(name)}${objectId(bytes)}`;
    if (right === name || !names.includes(right)) continue;
    await store.put(right, bytes);
    moved = true;
  }
  return moved;
}

function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/') + 1);
}

async function copyOf(
  repository: Repository,
  object: string,
  files: readonly StandardFile[],
): Promise<Buffer | undefined> {
  if (object === HEADER_NAME) return repository.header.bytes;
  const number = /^config\/([0-9]+)$/.exec(object)?.[1];
  if (number !== undefined) return configOf(repository, Number(number));
  const digest = repository.config.files[object];
  return files.find(({ name, bytes }) => name === object && objectId(bytes) === digest)?.bytes;
}

/** The configuration with this number, from wherever it lies or from its other copy. */
async function configOf(repository: Repository, number: number): Promise<Buffer | undefined> {
  const { store, sealer } = repository;
  const found: ConfigBody[] = [];
  await readObjects({
    store,
    prefix: 'config/',
    use: (_name, bytes) => found.push(parseConfigBody(decodeBody(sealer, OBJECT_TYPES.config, bytes))),
    damaged: () => {},
  });
  const body = found.find((own) => own.number === number) ?? found.map(twinOf).find((twin) => twin.number === number);
  return body && encodeBody(sealer, OBJECT_TYPES.config, undefined, body);
}

function twinOf(body: ConfigBody): ConfigBody {
  return body.copy === 0
    ? { ...body, number: body.number + 1, copy: 1 }
    : { ...body, number: body.number - 1, copy: 0 };
}

/** Writes the other object of half notes, and removes the damaged objects that they replace. */
async function putBackNotes(repository: Repository, onWarning: (message: string) => void): Promise<void> {
  const found = await readNotes(repository);
  const tangled = found.damaged.map(({ object }) => object);
  const { halves, damaged } = (await untangle(repository.store, tangled)) ? await readNotes(repository) : found;
  const open = (await judgeHalves(repository, halves)).filter(({ state }) => state !== 'writing');
  for (const half of open) {
    await completePair(repository, half);
    onWarning(`A ${half.note} note of snapshot ${half.snapshot.slice(0, 8)} has both its copies again.`);
  }
  for (const { object } of damaged) {
    const inFolder = ({ object: other }: { object: string }): boolean => other.startsWith(folderOf(object));
    // More damaged objects than halves: of some note both are damaged, and what is left of them stays.
    if (damaged.filter(inFolder).length <= open.filter(inFolder).length) await repository.store.delete(object);
  }
}
