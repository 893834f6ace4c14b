import { copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { parseSlot } from '../../../src/backup/crypto/slot.ts';
import { packName } from '../../../src/backup/format/pack-index.ts';
import { openPosix } from '../../../src/backup/posix/open-posix.ts';
import { createRepository } from '../../../src/backup/repository/create-repository.ts';
import { readHostFacts } from '../../../src/backup/repository/host-facts.ts';
import { putSlot } from '../../../src/backup/repository/key-slots.ts';
import { readMarks } from '../../../src/backup/repository/marks.ts';
import { openRepository as openInStore } from '../../../src/backup/repository/open-repository.ts';
import type { Repository } from '../../../src/backup/repository/repository.ts';
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
import { openInline, PLAIN_FILES } from './open-inline.ts';
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
  /** All objects, in an order that is the same each time the subject is made although some names are not. */
  objects: string[];
  slots: { id: string; objects: string[] }[];
}

type Surveyed = Pick<DamageSubject, 'snapshots' | 'expendable' | 'objects' | 'slots'>;

/** Remembers the order in which objects were put. */
class NotingStore extends LocalStore {
  readonly puts: string[];

  constructor(folder: string, puts: string[] = []) {
    super(folder, { identity: readProcessIdentity() });
    this.puts = puts;
  }

  override async put(...[name, body, signal]: Parameters<LocalStore['put']>): Promise<void> {
    this.puts.push(name);
    await super.put(name, body, signal);
  }
}

/** A place for a subject. Sets HOLDFAST_STATE_DIR for this process. */
function createPlace(passphrase: string): Omit<DamageSubject, keyof Surveyed> {
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
  const puts: string[] = [];
  await createKeys(new NotingStore(repository, puts), passphrase, random);
  const make = new TreeMaker(openPosix(), source);
  makeSmallTree(make, random);
  const trees = new Map<string, Tree>();
  const store = new NotingStore(repository, puts);
  const engine = await openInline({ store, passphrase, state: join(place.root, 'state'), random });
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
  return { ...place, ...(await survey(place, trees, puts)) };
}

/**
 * A repository that the codecs made, of tiny packs, blocks and parts of the manifest, so that a damage seldom takes everything with it; large files
 * have their lists of chunks in chunks.
 */
export async function createBuiltSubject(random: SeededRandom): Promise<DamageSubject> {
  const place = createPlace(BUILT_PASSPHRASE);
  const { repository, source, passphrase } = place;
  const built = await BuiltRepository.create(random.below(2 ** 31), { 'FORMAT.md': PLAIN_FILES[1]?.bytes as Buffer });
  const ids = [1, 2, 3].map((round) => built.addSnapshot(builtEntries(random, round), { entriesPerChunk: 6 }));
  built.writeTo(repository);
  const engine = await openInline({ store: new NotingStore(repository), passphrase, state: join(place.root, 'state') });
  const trees = new Map<string, Tree>();
  for (const id of ids) {
    const target = join(source, id);
    await engine.restore({ snapshot: id, to: target, apply: true });
    trees.set(id, readTree(openPosix(), target));
  }
  await engine.close();
  return { ...place, ...(await survey(place, trees, [...built.objects.keys()])) };
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

async function createKeys(store: LocalStore, passphrase: string, random: SeededRandom): Promise<void> {
  const ports = { store, clock: systemClock, random, host: readHostFacts(), writer: '0'.repeat(32) };
  const created = await createRepository(ports, { passphrase, label: 'first', files: PLAIN_FILES, logN: 15 });
  await putSlot(created, { passphrase: 'another', label: 'second', logN: 15 });
  await store.close();
}

async function survey(
  { repository: folder, passphrase }: Pick<DamageSubject, 'repository' | 'passphrase'>,
  trees: ReadonlyMap<string, Tree>,
  puts: readonly string[],
): Promise<Surveyed> {
  const store = new NotingStore(folder);
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
  const others = await surveyObjects(repository, puts);
  await store.close();
  return { snapshots: found, ...others };
}

async function surveyObjects(repository: Repository, puts: readonly string[]): Promise<Omit<Surveyed, 'snapshots'>> {
  const { store } = repository;
  const present = new Set((await store.list('')).map(({ name }) => name));
  const names = [...new Set(puts)].filter((name) => present.has(name));
  const marks = await readMarks(repository);
  const expendable = new Set(names.filter((name) => /^(?:gc|sessions)\//.test(name)));
  for (const id of marks.packs) expendable.add(packName(id));
  for (const id of marks.indexes) expendable.add(`index/${id}`);
  const slots = new Map<string, string[]>();
  for (const name of names.filter((key) => key.startsWith('keys/'))) {
    const { slotId } = parseSlot(await store.get(name));
    slots.set(slotId, [...(slots.get(slotId) ?? []), name]);
  }
  return { expendable, objects: names, slots: [...slots].map(([id, objects]) => ({ id, objects })) };
}
