import { copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { parseSlot } from '../../../src/backup/crypto/slot.ts';
import { packName } from '../../../src/backup/format/pack-index.ts';
import { openRepository } from '../../../src/backup/index.ts';
import { openPosix } from '../../../src/backup/posix/open-posix.ts';
import { createRepository, putSlot } from '../../../src/backup/repository/create-repository.ts';
import { readHostFacts } from '../../../src/backup/repository/host-facts.ts';
import { readMarks } from '../../../src/backup/repository/marks.ts';
import { openRepository as openInStore } from '../../../src/backup/repository/open-repository.ts';
import { readCatalog } from '../../../src/backup/repository/snapshots.ts';
import { LocalStore } from '../../../src/backup/stores/local.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { readProcessIdentity } from '../../../src/shared/process-identity.ts';
import { systemRandom } from '../../../src/shared/random.ts';
import { at, PASSPHRASE as BUILT_PASSPHRASE, BuiltRepository, type EntryWish } from '../rescue/built-repository.ts';
import { RESCUE } from '../rescue/run-rescue.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { randomContent } from '../tree/random-content.ts';
import { readTree, type Tree } from '../tree/read-tree.ts';
import { TreeMaker } from '../tree/tree-maker.ts';
import { type ContentPlaces, mapContent } from './content-map.ts';
import { changeSmallTree, makeSmallTree } from './small-tree.ts';

export interface SubjectSnapshot {
  id: string;
  /** What went in. */
  tree: Tree;
  places: ContentPlaces;
  files: Set<string>;
}

/** A repository with everything in it that a repository can hold, and what must come back out of it. */
export interface DamageSubject {
  /** Everything lies below it. */
  root: string;
  repository: string;
  passphrase: string;
  /** What the next backup would take. */
  source: string;
  /** A copy of the recovery program with nothing beside it. */
  rescue: string;
  /** Confirmed and not forgotten, the oldest first. */
  snapshots: SubjectSnapshot[];
  /** Objects that may go without anybody missing them. */
  expendable: Set<string>;
  slots: { id: string; objects: string[] }[];
}

/** A place for a subject. Sets HOLDFAST_STATE_DIR for this process. */
function createPlace(passphrase: string): Omit<DamageSubject, 'snapshots' | 'expendable' | 'slots'> {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-damage-'));
  process.env.HOLDFAST_STATE_DIR = join(root, 'state');
  const inside = (name: string) => join(root, name);
  const [repository, source, rescue] = [inside('repository'), inside('source'), inside('alone/rescue.mjs')] as const;
  for (const folder of [repository, source, inside('alone')]) mkdirSync(folder);
  copyFileSync(RESCUE, rescue);
  return { root, repository, passphrase, source, rescue };
}

/**
 * A repository that the engine made: several backups of one tree that changes, a stream, something forgotten and something marked. Its key
 * slots open as fast as the format allows.
 */
export async function createBackedUpSubject(random: SeededRandom): Promise<DamageSubject> {
  const place = createPlace('horse');
  const { repository, source, passphrase } = place;
  await createKeys(repository, passphrase);
  const make = new TreeMaker(openPosix(), source);
  makeSmallTree(make, random);
  const trees = new Map<string, Tree>();
  const engine = await openRepository({ location: repository, passphrase: () => passphrase });
  const backup = async (): Promise<string> => {
    const { snapshot } = await engine.backup({ paths: [source], tags: ['damage'] });
    trees.set(snapshot, readTree(make.posix, source));
    return snapshot;
  };
  const forgotten = await backup();
  for (const round of [1, 2, 3]) {
    changeSmallTree(make, random, round);
    await backup();
  }
  const stream = Readable.from([randomContent(random, 700_000)]);
  await engine.backup({ stdin: { name: 'stream', stream } });
  await engine.tag([...trees.keys()][1] as string, { add: ['pinned'] });
  await engine.pin([...trees.keys()][1] as string);
  await engine.forget({ snapshots: [forgotten] });
  trees.delete(forgotten);
  await engine.prune({ force: true });
  await engine.close();
  return { ...place, ...(await survey(place, trees)) };
}

/**
 * A repository that the codecs made, of tiny packs, blocks and parts of the manifest, so that a damage seldom takes everything with it; large files
 * have their lists of chunks in chunks.
 */
export async function createBuiltSubject(random: SeededRandom): Promise<DamageSubject> {
  const place = createPlace(BUILT_PASSPHRASE);
  const { repository, source, passphrase } = place;
  const built = await BuiltRepository.create(random.below(2 ** 31), { 'FORMAT.md': Buffer.from('# Format\n') });
  const ids = [1, 2, 3].map((round) => built.addSnapshot(builtEntries(random, round), { entriesPerChunk: 6 }));
  built.writeTo(repository);
  const engine = await openRepository({ location: repository, passphrase: () => passphrase });
  const trees = new Map<string, Tree>();
  for (const id of ids) {
    const target = join(source, id);
    await engine.restore({ snapshot: id, to: target, apply: true });
    trees.set(id, readTree(openPosix(), target));
  }
  await engine.close();
  return { ...place, ...(await survey(place, trees)) };
}

function builtEntries(random: SeededRandom, round: number): EntryWish[] {
  const folders = Array.from({ length: 4 }, (_, i): EntryWish[] => [
    { path: at(`folder${i}`) },
    ...Array.from({ length: 9 }, (_, j): EntryWish => {
      const path = at(`folder${i}/file${j}`);
      if (j === 3) return { path, type: 'symlink', target: at('file2') };
      return { path, content: random.bytes(j === 4 ? 12_000 : j === 5 ? 0 : 300 * j + 50 * round) };
    }),
  ]);
  return [{ path: at('') }, { path: at('big'), content: random.bytes(90_000) }, ...folders.flat()];
}

async function createKeys(folder: string, passphrase: string): Promise<void> {
  const store = new LocalStore(folder, { identity: readProcessIdentity() });
  const ports = { store, clock: systemClock, random: systemRandom, host: readHostFacts(), writer: '0'.repeat(32) };
  const files = [
    { name: 'rescue-0.1.0.mjs', bytes: Buffer.from('// the program\n') },
    { name: 'FORMAT.md', bytes: Buffer.from('# the format\n') },
  ];
  const created = await createRepository(ports, { passphrase, label: 'first', files, logN: 15 });
  await putSlot(ports, created.ring, created.header, { passphrase: 'another', label: 'second', logN: 15 });
  await store.close();
}

async function survey(
  { repository: folder, passphrase }: Pick<DamageSubject, 'repository' | 'passphrase'>,
  trees: ReadonlyMap<string, Tree>,
): Promise<Pick<DamageSubject, 'snapshots' | 'expendable' | 'slots'>> {
  const store = new LocalStore(folder, { identity: readProcessIdentity() });
  const ports = { store, clock: systemClock, random: systemRandom, host: readHostFacts(), writer: '0'.repeat(32) };
  const repository = await openInStore(ports, { passphrase: () => passphrase });
  const { snapshots } = await readCatalog(repository);
  const found: SubjectSnapshot[] = [];
  for (const record of snapshots.toReversed()) {
    const tree = trees.get(record.id);
    if (tree === undefined) continue;
    const files = [...tree].flatMap(([path, { type }]) => (type === 'file' ? [path] : []));
    found.push({ id: record.id, tree, places: await mapContent(repository, record), files: new Set(files) });
  }
  const { expendable, slots } = await expendableObjects(repository);
  await store.close();
  return { snapshots: found, expendable, slots };
}

async function expendableObjects(
  repository: Awaited<ReturnType<typeof openInStore>>,
): Promise<Pick<DamageSubject, 'expendable' | 'slots'>> {
  const { store } = repository;
  const names = (await store.list('')).map(({ name }) => name);
  const marks = await readMarks(repository);
  const expendable = new Set(names.filter((name) => /^(?:gc|sessions)\//.test(name)));
  for (const id of marks.packs) expendable.add(packName(id));
  for (const id of marks.indexes) expendable.add(`index/${id}`);
  const slots = new Map<string, string[]>();
  for (const name of names.filter((key) => key.startsWith('keys/'))) {
    const { slotId } = parseSlot(await store.get(name));
    slots.set(slotId, [...(slots.get(slotId) ?? []), name]);
  }
  return { expendable, slots: [...slots].map(([id, objects]) => ({ id, objects })) };
}
