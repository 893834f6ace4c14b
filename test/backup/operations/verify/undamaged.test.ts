import { describe, expect, it } from 'vitest';
import { collect } from '../../../../src/backup/repository/collector.ts';
import { forgetSnapshot } from '../../../../src/backup/repository/forget-snapshot.ts';
import { putNote } from '../../../../src/backup/repository/notes.ts';
import type { Repository } from '../../../../src/backup/repository/repository.ts';
import { readCatalog } from '../../../../src/backup/repository/snapshots.ts';
import { FaultyStore } from '../../../../src/backup/stores/faulty.ts';
import { testHost } from '../../../helpers/repository/test-repository.ts';
import { backUpTiny } from '../../../helpers/repository/tiny-backup.ts';
import { SeededRandom, testSeed } from '../../../helpers/seeded-random.ts';
import { check, copyOf, createSample, fillSample, reopened, sampleFiles } from './sample-repository.ts';

const HOUR_MS = 60 * 60 * 1000;
const SEED = testSeed();

describe('verifying an undamaged repository', () => {
  it.each(['quick', 'checksums', 'deep'] as const)('finds nothing, %s', async (depth) => {
    const { repository, objects } = await fillSample();
    const packs = [...objects.keys()].filter((name) => name.startsWith('packs/')).length;
    const result = await check(repository, { depth });
    expect(result.damaged).toEqual([]);
    expect(result).toMatchObject({ depth, snapshots: 3, packs });
    expect((await check(repository, { depth })).damaged).toEqual([]);
  });

  it(`finds nothing after any history of backups, removals, prunes and checks (seed ${SEED})`, async () => {
    const random = new SeededRandom(SEED);
    const { repository } = await createSample();
    const steps: ((number: number) => Promise<unknown>)[] = [
      (number) =>
        backUpTiny(repository, sampleFiles(5 + random.below(12), 100 * random.below(4)), {
          packBytes: 3000,
          seq: number,
        }),
      async () => {
        const { snapshots } = await readCatalog(repository);
        const one = snapshots[random.below(snapshots.length)];
        if (one !== undefined) await forgetSnapshot(repository, one.id, 'test');
      },
      () => collect(repository, { graceMs: random.below(2) * HOUR_MS, force: true }),
      async () => (repository.clock as unknown as { advance(ms: number): Promise<void> }).advance(HOUR_MS),
    ];
    for (let step = 0; step < 60; step++) {
      const kind = random.below(steps.length);
      await steps[kind]?.(step + 1);
      const { damaged } = await check(reopened(repository), { depth: 'deep' });
      expect(damaged, `seed ${SEED}, step ${step} of kind ${kind}`).toEqual([]);
    }
  });
});

/** What a process does until it dies. */
const DEADLY: Record<string, (repository: Repository) => Promise<unknown>> = {
  'a backup': (repository) => backUpTiny(repository, sampleFiles(8, 7000), { packBytes: 2000, seq: 9 }),
  'forget and prune': async (repository) => {
    const { snapshots } = await readCatalog(repository);
    await forgetSnapshot(repository, snapshots[0]?.id as string, 'test');
    await collect(repository, { graceMs: 0, force: true });
  },
  'a check': (repository) => check(repository),
  pinning: async (repository) => {
    const { snapshots } = await readCatalog(repository);
    await putNote(repository, snapshots[1]?.id as string, { note: 'pinned', reason: 'test' });
  },
};

describe('verifying after a crash', () => {
  it.each(Object.keys(DEADLY))('finds no damage wherever %s was cut off', async (name) => {
    const sample = await fillSample();
    const prune = (repository: Repository) => collect(reopened(repository), { graceMs: 0, force: true });
    for (let number = 1; ; number++) {
      let isOver = false;
      for (const isPrunedFirst of [false, true]) {
        const { repository } = copyOf(sample);
        isOver = await dieAt(repository, DEADLY[name] as (repository: Repository) => Promise<unknown>, number);
        if (isPrunedFirst) await prune(repository);
        const where = `${name}, cut off at call ${number}${isPrunedFirst ? ', after a prune' : ''}`;
        expect((await check(reopened(repository), { depth: 'deep' })).damaged, where).toEqual([]);
        await prune(repository);
        expect((await check(reopened(repository), { depth: 'deep' })).damaged, `${where}, again`).toEqual([]);
      }
      if (isOver) break;
    }
  });
});

/** Gives true where the work was done before the process could die. */
async function dieAt(
  repository: Repository,
  work: (repository: Repository) => Promise<unknown>,
  number: number,
): Promise<boolean> {
  const faults = {
    failCall: { number, when: 'before' as const, thenDead: true },
    only: (call: string) => call === 'put' || call === 'delete',
  };
  const store = new FaultyStore(repository.store, faults, new SeededRandom(1), repository.clock);
  // Seen from the others its process is dead, as soon as it is.
  const host = { ...testHost(), pid: 4242, processStart: () => 1 };
  try {
    await work(reopened(repository, store, host));
    return store.calls < number;
  } catch {
    return store.calls < number;
  }
}
