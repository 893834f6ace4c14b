import { mapParallel } from '../../../shared/parallel.ts';
import type { ObjectType } from '../../crypto/sealer.ts';
import { OBJECT_TYPES } from '../../crypto/sealer.ts';
import { parseSlot, type Slot } from '../../crypto/slot.ts';
import { type ConfigBody, parseConfigBody, parseMarkDoneBody, parseSessionBody } from '../../format/bodies.ts';
import { decodeBody } from '../../format/body.ts';
import { HEADER_NAME } from '../../format/header.ts';
import { objectId } from '../../format/pack.ts';
import { type DamagedFinding, isNotFound } from '../../repository/damage.ts';
import { readSlots } from '../../repository/key-slots.ts';
import { lastComponent } from '../../repository/names.ts';
import { PARALLEL_READS, readObjects } from '../../repository/objects.ts';
import type { Repository } from '../../repository/repository.ts';
import { listSessions } from '../../repository/sessions.ts';

/** Checks of the objects that no reader of snapshots touches: header, key slots, configuration, sessions, completions, plain files. */

/** What is wrong with them. `isPartial`: there may be one copy of what has two, and files may still be to come. */
export async function checkPlainStructures(repository: Repository, isPartial = false): Promise<DamagedFinding[]> {
  const { findings, configs } = await checkConfigs(repository, isPartial);
  const others = await Promise.all([
    checkHeader(repository),
    checkKeys(repository, isPartial),
    checkPlainFiles(repository, configs[0]?.files ?? repository.config.files, isPartial),
    checkSessions(repository),
    checkCompletions(repository),
  ]);
  return [...findings, ...others.flat()];
}

async function checkHeader({ store, header }: Repository): Promise<DamagedFinding[]> {
  const repair = 'the key slots hold a copy, which `repair index` puts back';
  const bytes = await getIfThere(store, HEADER_NAME);
  if (bytes === undefined) return [{ object: HEADER_NAME, problem: `it is missing; ${repair}` }];
  if (bytes.equals(header.bytes)) return [];
  return [{ object: HEADER_NAME, problem: `it differs from its authenticated copy; ${repair}` }];
}

async function checkKeys(repository: Repository, isPartial: boolean): Promise<DamagedFinding[]> {
  const { store, header, slot } = repository;
  const findings: DamagedFinding[] = [];
  const slots: { name: string; slot: Slot }[] = [];
  await readObjects({
    store,
    prefix: 'keys/',
    use: (name, bytes) => slots.push({ name, slot: parseSlot(bytes) }),
    damaged: (object, error) => findings.push({ object, problem: error.message }),
  });
  for (const { name, slot } of slots) {
    if (!slot.header.equals(header.bytes)) {
      findings.push({ object: name, problem: 'it belongs to another repository' });
    }
  }
  const copies = Map.groupBy(slots, ({ slot: { slotId } }) => slotId);
  const lonely = isPartial ? [] : await lonelySlots(repository, copies);
  // A damaged copy does not tell whose it is: it is the one that its partner lacks.
  if (lonely.length > findings.length) findings.push(...lonely);
  if (!copies.has(slot.id) && findings.length === 0) {
    findings.push({ object: `keys/${slot.id}`, problem: 'the slot that opened this repository is gone' });
  }
  return findings;
}

/**
 * Slots of which one copy is missing, but for those that somebody is just putting or removing, or was when he died: whichever command opens the
 * repository next sees to them. A second look tells the former, should they be done by the time that sessions are looked at.
 */
async function lonelySlots(
  repository: Repository,
  copies: ReadonlyMap<string, { name: string; slot: Slot }[]>,
): Promise<DamagedFinding[]> {
  const isAlone = (found: readonly { slot: Slot }[]) => new Set(found.map(({ slot }) => slot.copy)).size === 1;
  const alone = [...copies].filter(([, found]) => isAlone(found));
  if (alone.length === 0) return [];
  const inHand = new Set((await listSessions(repository)).flatMap(({ body }) => body?.slot ?? []));
  const again = new Map((await readSlots(repository)).map(({ id, copies }) => [id, copies]));
  const advice = '`repair index` with its passphrase writes the other again';
  return alone.flatMap(([slotId, found]): DamagedFinding[] => {
    if (inHand.has(slotId) || !isAlone(again.get(slotId) ?? [])) return [];
    const problem = `only ${found[0]?.name} is left of the slot's two copies; ${advice}`;
    return [{ object: `keys/${slotId}`, problem }];
  });
}

/** The newest readable configuration comes first. */
async function checkConfigs(
  repository: Repository,
  isPartial: boolean,
): Promise<{ findings: DamagedFinding[]; configs: ConfigBody[] }> {
  const { store } = repository;
  const findings: DamagedFinding[] = [];
  const configs: ConfigBody[] = [];
  const listed = await readObjects({
    store,
    prefix: 'config/',
    use: (name, bytes) => {
      const body = parseConfigBody(decodeBody(repository.sealer, OBJECT_TYPES.config, bytes));
      if (`config/${body.number}` === name) configs.push(body);
      else findings.push({ object: name, problem: `it is a copy of config/${body.number}` });
    },
    damaged: (object, error) => findings.push({ object, problem: error.message }),
  });
  const names = new Set(listed.map(({ name }) => name));
  for (const { number, copy } of configs) {
    const twin = `config/${copy === 0 ? number + 1 : number - 1}`;
    if (!names.has(twin) && !isPartial)
      findings.push({ object: twin, problem: `it is missing; config/${number} is its copy` });
  }
  if (names.size === 0 && !isPartial)
    findings.push({ object: 'config/1', problem: 'there is no configuration any more' });
  return { findings, configs: configs.sort((a, b) => b.number - a.number) };
}

/** Files for people, by the digests in the configuration. */
async function checkPlainFiles(
  { store }: Repository,
  files: Record<string, string>,
  isPartial: boolean,
): Promise<DamagedFinding[]> {
  const findings = await mapParallel(Object.entries(files), PARALLEL_READS, async ([object, digest]) => {
    const bytes = await getIfThere(store, object);
    if (bytes === undefined) return isPartial ? [] : [{ object, problem: 'it is missing' }];
    return objectId(bytes) === digest
      ? []
      : [{ object, problem: 'it is not the file that was put here: do not use it' }];
  });
  return findings.flat();
}

function checkSessions(repository: Repository): Promise<DamagedFinding[]> {
  return checkBodies(repository, 'sessions/', OBJECT_TYPES.session, (name, value) => {
    const { session, number } = parseSessionBody(value);
    return name === `sessions/${session}/${number}`;
  });
}

function checkCompletions(repository: Repository): Promise<DamagedFinding[]> {
  return checkBodies(
    repository,
    'gc/',
    OBJECT_TYPES.markDone,
    (name, value) => name === `gc/${parseMarkDoneBody(value).mark}.done`,
    (name) => lastComponent(name).includes('.'),
  );
}

/** Opens every object below `prefix` and asks whether it is the one that its name says. */
async function checkBodies(
  repository: Repository,
  prefix: string,
  type: ObjectType,
  fits: (name: string, value: Record<string, unknown>) => boolean,
  wanted: (name: string) => boolean = () => true,
): Promise<DamagedFinding[]> {
  const findings: DamagedFinding[] = [];
  await readObjects({
    store: repository.store,
    prefix,
    wanted: ({ name }) => wanted(name),
    use: (object, bytes) => {
      if (!fits(object, decodeBody(repository.sealer, type, bytes))) {
        findings.push({ object, problem: 'it belongs to another name' });
      }
    },
    damaged: (object, error) => findings.push({ object, problem: error.message }),
  });
  return findings;
}

async function getIfThere(store: Repository['store'], name: string): Promise<Buffer | undefined> {
  try {
    return await store.get(name);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}
