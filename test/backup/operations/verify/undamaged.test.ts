import { describe, expect, it } from 'vitest';
import { DATA, packName } from '../../../../src/backup/format/pack-index.ts';
import type { ObjectInfo, SpooledFile, Store } from '../../../../src/backup/ports.ts';
import { ChunkStorer } from '../../../../src/backup/repository/chunk-storer.ts';
import { collect } from '../../../../src/backup/repository/collector.ts';
import { forgetSnapshot } from '../../../../src/backup/repository/forget-snapshot.ts';
import { type IndexRun, readIndexRuns } from '../../../../src/backup/repository/index-loader.ts';
import { putMark } from '../../../../src/backup/repository/marks.ts';
import { putNote } from '../../../../src/backup/repository/notes.ts';
import type { Repository } from '../../../../src/backup/repository/repository.ts';
import { Session } from '../../../../src/backup/repository/sessions.ts';
import { readCatalog, type SnapshotRecord } from '../../../../src/backup/repository/snapshots.ts';
import { FaultyStore } from '../../../../src/backup/stores/faulty.ts';
import { StoreWrapper } from '../../../../src/backup/stores/store-wrapper.ts';
import { rememberScrypt } from '../../../helpers/remember-scrypt.ts';
import { testHost } from '../../../helpers/repository/test-repository.ts';
import { backUpTiny, restoreTiny } from '../../../helpers/repository/tiny-backup.ts';
import { SeededRandom, testSeed } from '../../../helpers/seeded-random.ts';
import { check, copyOf, createSample, fillSample, reopened, sampleFiles } from './sample-repository.ts';

rememberScrypt();

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

describe('verifying beside others', () => {
  it('finds no damage in backups that come to their end while it looks, one at each look', async () => {
    const { repository } = await createSample();
    const writers = [0, 1].map((number) => {
      const gate = new GatedStore(repository.store);
      const work = backUpTiny(reopened(repository, gate), { [`file ${number}`]: 'content' }, { seq: number + 1 });
      return { gate, work };
    });
    const [first, second] = writers as [(typeof writers)[0], (typeof writers)[0]];
    await first.gate.passUntil('notes/');
    await second.gate.passUntil('snapshots/');
    let looks = 0;
    const watched = new WatchedStore(repository.store, async (prefix) => {
      if (prefix === 'snapshots/' && looks === 1) await second.gate.passUntil('notes/');
      if (prefix !== 'sessions/') return;
      const finishing = looks++ === 0 ? first : second;
      finishing.gate.open();
      await finishing.work;
    });
    expect((await check(reopened(repository, watched))).damaged).toEqual([]);
    expect(looks).toBeGreaterThan(1);
  });
});

/** Tells before it lists. */
class WatchedStore extends StoreWrapper {
  readonly #onList: (prefix: string) => Promise<void>;

  constructor(inner: Store, onList: (prefix: string) => Promise<void>) {
    super(inner);
    this.#onList = onList;
  }

  override async list(prefix: string): Promise<ObjectInfo[]> {
    await this.#onList(prefix);
    return this.inner.list(prefix);
  }
}

/** Holds up the puts of one kind of objects. */
class GatedStore extends StoreWrapper {
  #prefix = 'sessions/';
  #arrived = Promise.withResolvers<void>();
  #opened = Promise.withResolvers<void>();

  /** Resolves once an object below `prefix` is about to be put; it is held up. */
  async passUntil(prefix: string): Promise<void> {
    const before = this.#opened;
    this.#prefix = prefix;
    this.#arrived = Promise.withResolvers();
    this.#opened = Promise.withResolvers();
    before.resolve();
    await this.#arrived.promise;
  }

  open(): void {
    this.#prefix = 'nothing';
    this.#opened.resolve();
  }

  override async put(name: string, body: Uint8Array | SpooledFile, signal?: AbortSignal): Promise<void> {
    if (name.startsWith(this.#prefix)) {
      this.#arrived.resolve();
      await this.#opened.promise;
    }
    await this.inner.put(name, body, signal);
  }
}

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

  it.each([
    ['what only saves work', false],
    ['what its snapshot needs', true],
  ])('finds no damage where a backup died before it could name a pack in an index: %s', async (_, isNeeded) => {
    const { repository } = await createSample();
    const files = { one: 'content of one', two: 'content of two' };
    const dying = new FaultyStore(
      repository.store,
      { failCall: { number: 1, when: 'before', thenDead: true }, only: (_call, name) => name.startsWith('notes/') },
      new SeededRandom(1),
      repository.clock,
    );
    const host = { ...testHost(), pid: 4242, processStart: () => 1 };
    await expect(backUpTiny(reopened(repository, dying, host), files)).rejects.toThrow('Injected fault');
    const [record] = (await readCatalog(repository)).snapshots;
    expect(record?.status).toBe('unfinished');
    const { packs } = (await readIndexRuns(repository)).runs[0] as IndexRun;
    // Each pack is put when it is full, which these are at once, and the index run comes with a flush, which does not come.
    const storer = new ChunkStorer(repository, Buffer.from(record?.body.session as string, 'hex'), 1);
    for (const text of Object.values(files)) {
      const content = Buffer.from(text);
      await storer.add(DATA, storer.chunkId(DATA, content), content);
    }
    if (isNeeded) {
      const data = packs.filter(({ kind }) => kind === DATA).map(({ id }) => id);
      const pruning = await Session.start(repository, { operation: 'prune' });
      await putMark(repository, pruning, { packs: data, indexes: [] });
      for (const id of data) await repository.store.delete(packName(id));
      await pruning.end();
    }
    for (const time of ['at once', 'again']) {
      expect((await check(reopened(repository), { depth: 'deep' })).damaged, time).toEqual([]);
    }
    const [finished] = (await readCatalog(reopened(repository))).snapshots;
    expect(finished?.status).toBe('completed');
    expect(await restoreTiny(reopened(repository), (finished as SnapshotRecord).body)).toEqual(files);
    await collect(reopened(repository), { graceMs: 0, force: true });
    expect((await check(reopened(repository), { depth: 'deep' })).damaged, 'after a prune').toEqual([]);
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
