import { beforeAll, describe, expect, it } from 'vitest';
import { DATA, packName } from '../../../../src/backup/format/pack-index.ts';
import { ChunkReader } from '../../../../src/backup/repository/chunk-reader.ts';
import { isDamage } from '../../../../src/backup/repository/damage.ts';
import { readIndexRuns } from '../../../../src/backup/repository/index-loader.ts';
import { ManifestReader } from '../../../../src/backup/repository/manifest-reader.ts';
import { readMarks } from '../../../../src/backup/repository/marks.ts';
import type { Repository } from '../../../../src/backup/repository/repository.ts';
import { readCatalog } from '../../../../src/backup/repository/snapshots.ts';
import type { DamagedObject } from '../../../../src/backup/types.ts';
import { HoldfastError } from '../../../../src/shared/errors.ts';
import { SeededRandom, testSeed } from '../../../helpers/seeded-random.ts';
import { type Harm, type HarmKind, harm } from './harm.ts';
import { check, copyOf, fillSample, reopened, type Sample } from './sample-repository.ts';

const ROUNDS = [1, 2, 3, 4, 5, 6, 7, 8];
const PLACES_A_ROUND = 50;
/** Whose loss can cost files; finding out which takes longer than the check itself. */
const HOLDS_CONTENT = /^(?:packs|index|snapshots|notes|gc)\//;
const SEED = testSeed();

/** What may go at any time: objects of sessions, marks and their completions, what a mark names, and runs that name nothing that is there. */
const isForgettable = (name: string): boolean => /^(?:sessions|gc)\//.test(name) || mayVanish.has(name);

/** Whether an object is reported. Of one that is gone the ID may be gone with it: then its sort, or the slot, must do. */
function isReported(reported: readonly string[], name: string, { kind }: Harm, slot: string): boolean {
  const stands = [name];
  if (kind === 'delete' && name.startsWith('notes/')) stands.push(name.slice(0, name.lastIndexOf('/')));
  if (kind === 'delete' && name.startsWith('keys/')) stands.push(`keys/${slot}`);
  if (kind === 'delete' && name.startsWith('index/')) stands.push('index');
  return stands.some((stand) => reported.includes(stand));
}

/** Paths of each snapshot's files that cannot be read, found by reading all of them. */
async function unreadableFiles(repository: Repository): Promise<Set<string>> {
  const { snapshots } = await readCatalog(repository);
  const lost = new Set<string>();
  const reader = new ChunkReader(repository);
  for (const { id, body } of snapshots) {
    const manifest = new ManifestReader(reader, body.manifest);
    const found = new Set<string>();
    for await (const entry of manifest.entries({ onDamage: () => {} })) {
      try {
        for (const chunk of await manifest.chunkList(entry)) await reader.read(DATA, chunk.id);
        found.add(entry.path);
      } catch (error) {
        if (!isDamage(error)) throw error;
      }
    }
    for (const path of paths.get(id) ?? []) if (!found.has(path)) lost.add(`${id.slice(0, 8)}:${path}`);
  }
  return lost;
}

/** All paths of each snapshot. One that was forgotten, and whose notes about it were damaged, is none of them. */
const paths = new Map<string, string[]>();

let sample: Sample;
const mayVanish = new Set<string>();

beforeAll(async () => {
  sample = await fillSample();
  const marks = await readMarks(sample.repository);
  for (const id of marks.packs) mayVanish.add(packName(id));
  for (const id of marks.indexes) mayVanish.add(`index/${id}`);
  for (const { id, packs } of (await readIndexRuns(sample.repository)).runs) {
    if (packs.every((pack) => !sample.objects.has(packName(pack.id)))) mayVanish.add(`index/${id}`);
  }
  const { snapshots } = await readCatalog(sample.repository);
  for (const { id, body } of snapshots) {
    const entries: string[] = [];
    for await (const { path } of new ManifestReader(new ChunkReader(sample.repository), body.manifest).entries()) {
      entries.push(path);
    }
    paths.set(id, entries);
  }
});

/** Files are named one by one; where a part of the list of files is lost, its first path stands for all of it. */
function expectFiles(damaged: readonly DamagedObject[], lost: ReadonlySet<string>, where: string): void {
  const known = new Set([...paths.keys()].map((id) => id.slice(0, 8)));
  const named = new Set(damaged.flatMap(({ files }) => files).filter((file) => known.has(file.slice(0, 8))));
  const areNamesLost = damaged.some(({ problem }) => problem.includes('their names are unknown'));
  if (!areNamesLost || lost.size === 0) {
    expect(named, where).toEqual(lost);
    return;
  }
  expect(lost.size, where).toBeGreaterThan(0);
  expect(
    damaged.some(({ filesTotal }) => filesTotal > 0),
    where,
  ).toBe(true);
  for (const file of named) expect(lost.has(file) || file.endsWith(':/'), `${where}: ${file}`).toBe(true);
}

describe('a damaged repository', () => {
  it.each(ROUNDS)(`is found out at random places, with the files affected (seed ${SEED}, round %d)`, async (round) => {
    const random = new SeededRandom(SEED + round);
    const names = [...sample.objects.keys()].sort();
    const kinds: HarmKind[] = ['flip', 'flip', 'truncate', 'extend', 'delete', 'swap'];
    for (let place = 0; place < PLACES_A_ROUND; place++) {
      const copy = copyOf(sample);
      const done = harm(
        copy.objects,
        kinds[random.below(kinds.length)] as HarmKind,
        names[random.below(names.length)] as string,
        random,
      );
      const where = `seed ${SEED}, round ${round}, place ${place}: ${done.description}`;
      const mayGo = done.kind === 'delete' && isForgettable(done.objects[0] as string);
      const isContent = done.objects.some((name) => HOLDS_CONTENT.test(name));
      const lost = isContent ? await unreadableFiles(reopened(copy.repository)) : new Set<string>();
      const result = await check(copy.repository, { depth: 'deep' }).catch((error: unknown) => {
        throw new HoldfastError('failed', where, { cause: error });
      });
      const reported = result.damaged.map(({ object }) => object);
      for (const name of mayGo ? [] : done.objects) {
        const isNamed = isReported(reported, name, done, copy.repository.slot.id);
        expect(isNamed, `${where}; reported: ${reported.join(' ')}`).toBe(true);
      }
      expectFiles(result.damaged, lost, where);
    }
  });
});
