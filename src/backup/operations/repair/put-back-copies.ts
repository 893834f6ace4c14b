import { OBJECT_TYPES } from '../../crypto/sealer.ts';
import { type ConfigBody, parseConfigBody } from '../../format/bodies.ts';
import { decodeBody, encodeBody } from '../../format/body.ts';
import { HEADER_NAME } from '../../format/header.ts';
import { objectId } from '../../format/pack.ts';
import type { OperationContext } from '../../ports.ts';
import { isNotFound, isUnusable } from '../../repository/damage.ts';
import { completePair, judgeHalves } from '../../repository/note-pairs.ts';
import { readNotes } from '../../repository/notes.ts';
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
  for (const { object, problem } of await checkPlainStructures(repository)) {
    const bytes = await copyOf(repository, object, files);
    if (bytes !== undefined) {
      await repository.store.put(object, bytes);
      onWarning(`${object} has been put back.`);
    } else if (object.startsWith('keys/')) onWarning(`${object}: ${problem}`);
  }
  await putBackNotes(repository, onWarning);
}

async function copyOf(
  repository: Repository,
  object: string,
  files: readonly StandardFile[],
): Promise<Buffer | undefined> {
  if (object === HEADER_NAME) return repository.header.bytes;
  const number = /^config\/([0-9]+)$/.exec(object)?.[1];
  if (number !== undefined) return configTwin(repository, Number(number));
  const digest = repository.config.files[object];
  return files.find(({ name, bytes }) => name === object && objectId(bytes) === digest)?.bytes;
}

/** The configuration with this number, from its other copy. */
async function configTwin(repository: Repository, number: number): Promise<Buffer | undefined> {
  for (const copy of [0, 1] as const) {
    const other = copy === 0 ? number + 1 : number - 1;
    const body = await readConfig(repository, other);
    if (body === undefined || body.number !== other || body.copy === copy) continue;
    return encodeBody(repository.sealer, OBJECT_TYPES.config, undefined, { ...body, number, copy });
  }
  return undefined;
}

async function readConfig({ store, sealer }: Repository, number: number): Promise<ConfigBody | undefined> {
  try {
    return parseConfigBody(decodeBody(sealer, OBJECT_TYPES.config, await store.get(`config/${number}`)));
  } catch (error) {
    if (!isNotFound(error) && !isUnusable(error)) throw error;
    return undefined;
  }
}

/** Writes the other object of half notes, and removes the damaged objects that they replace. */
async function putBackNotes(repository: Repository, onWarning: (message: string) => void): Promise<void> {
  const { halves, damaged } = await readNotes(repository);
  const open = (await judgeHalves(repository, halves)).filter(({ state }) => state !== 'writing');
  for (const half of open) {
    await completePair(repository, half);
    onWarning(`A ${half.note} note of snapshot ${half.snapshot.slice(0, 8)} has both its copies again.`);
  }
  for (const { object } of damaged) {
    const folder = object.slice(0, object.lastIndexOf('/') + 1);
    const inFolder = ({ object: other }: { object: string }): boolean => other.startsWith(folder);
    // More damaged objects than halves: of some note both are damaged, and what is left of them stays.
    if (damaged.filter(inFolder).length <= open.filter(inFolder).length) await repository.store.delete(object);
  }
}
