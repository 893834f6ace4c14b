import { describe, expect, it } from 'vitest';
import { forgetSnapshot } from '../../../src/backup/repository/forget-snapshot.ts';
import { checkHistory, newestHeads, nextLink } from '../../../src/backup/repository/history.ts';
import { putNote } from '../../../src/backup/repository/notes.ts';
import type { Repository } from '../../../src/backup/repository/repository.ts';
import { Session } from '../../../src/backup/repository/sessions.ts';
import { readCatalog } from '../../../src/backup/repository/snapshots.ts';
import { tidyNotes } from '../../../src/backup/repository/tidy-notes.ts';
import { type Faults, FaultyStore } from '../../../src/backup/stores/faulty.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { testRepository } from '../../helpers/repository/test-repository.ts';
import { backUpTiny } from '../../helpers/repository/tiny-backup.ts';
import { SeededRandom, testSeed } from '../../helpers/seeded-random.ts';

const HOUR_MS = 3_600_000;
const GRACE_MS = 72 * HOUR_MS;
const WORTHWHILE = 3;

/** A chain of snapshots of one writer, an hour apart, of which all but the last two are forgotten. */
async function chained(count: number, store = new MemoryStore()) {
  const clock = new ManualClock();
  const repository = testRepository({ store, clock });
  const ids: string[] = [];
  for (let seq = 1; seq <= count; seq++) {
    const link = nextLink(await readCatalog(repository), {}, repository.writer);
    ids.push(await backUpTiny(repository, { file: `content ${seq}` }, link));
    await clock.advance(HOUR_MS);
  }
  for (const id of ids.slice(0, -2)) await forgetSnapshot(repository, id, 'test');
  return { store, clock, repository, ids, gone: ids.slice(0, -2) };
}

async function tidy(repository: Repository, graceMs = GRACE_MS): Promise<void> {
  const session = await Session.start(repository, { operation: 'prune', optional: true });
  await tidyNotes(repository, session, { graceMs, worthwhile: WORTHWHILE });
  await session.end();
}

/** What a process that opens the repository anew finds. */
async function look(store: MemoryStore, clock: ManualClock) {
  const catalog = await readCatalog(testRepository({ store, clock }));
  return {
    snapshots: catalog.snapshots.map(({ id, status }) => `${status} ${id}`),
    forgotten: [...catalog.forgotten.keys()].toSorted(),
    heads: newestHeads(catalog),
    findings: checkHistory(catalog, newestHeads(catalog)),
    damaged: catalog.damaged,
    halves: catalog.halves,
  };
}

const noteObjects = async (store: MemoryStore): Promise<number> => (await store.list('notes/')).length;

describe('tidying notes', () => {
  it('lets one note testify for all that was forgotten, and takes the others away when it is old', async () => {
    const { store, clock, repository, gone } = await chained(12);
    const before = await look(store, clock);
    await tidy(repository);
    expect(await noteObjects(store)).toBe(12 * 2 + gone.length * 2);
    await clock.advance(GRACE_MS);
    await tidy(repository);
    await clock.advance(GRACE_MS - 1);
    await tidy(repository);
    expect(await noteObjects(store)).toBe(12 * 2 + gone.length * 2 + 2);
    await clock.advance(1);
    await tidy(repository);
    expect(await noteObjects(store)).toBe(2 * 2 + 2);
    expect(await look(store, clock)).toEqual(before);
    expect(before.forgotten).toEqual(gone.toSorted());
  });

  it('does it at once without a grace, and again for what is forgotten later', async () => {
    const { store, clock, repository, ids } = await chained(8);
    await tidy(repository, 0);
    expect(await noteObjects(store)).toBe(2 * 2 + 2);
    await clock.advance(1);
    for (const number of [9, 10, 11]) ids.push(await backUpTiny(repository, { file: `content ${number}` }));
    for (const id of ids.slice(6, 9)) await forgetSnapshot(repository, id, 'test');
    await tidy(repository, 0);
    expect(await noteObjects(store)).toBe(2 * 2 + 2);
    expect((await look(store, clock)).forgotten).toEqual(ids.slice(0, 9).toSorted());
  });

  it('leaves a few alone', async () => {
    const { store, repository } = await chained(4);
    const before = await noteObjects(store);
    await tidy(repository, 0);
    expect(await noteObjects(store)).toBe(before);
  });

  it('takes notes away of which a later one says all', async () => {
    const { store, clock, repository, ids } = await chained(2);
    const [id = ''] = ids;
    const note = (content: Parameters<typeof putNote>[2]) => putNote(repository, id, content);
    await note({ note: 'verified', depth: 'deep', damaged: 0 });
    await note({ note: 'verified', depth: 'quick', damaged: 0 });
    await note({ note: 'verified', depth: 'quick', damaged: 0 });
    await note({ note: 'pinned', reason: '' });
    await clock.advance(1);
    await note({ note: 'unpinned', reason: '' });
    await note({ note: 'tagged', tags: ['a'] });
    await clock.advance(1);
    await note({ note: 'tagged', tags: ['b'] });
    await clock.advance(1);
    await note({ note: 'verified', depth: 'quick', damaged: 0 });
    await tidy(repository, 0);
    const { snapshots } = await readCatalog(testRepository({ store, clock }));
    const left = snapshots.find((record) => record.id === id);
    expect(left?.notes.map(({ note }) => note).toSorted()).toEqual([
      'confirmed',
      'tagged',
      'unpinned',
      'verified',
      'verified',
    ]);
    expect(left).toMatchObject({ pinned: false, tags: ['b'], verified: { depth: 'quick' } });
  });

  it('keeps finding damage that no later check took back', async () => {
    const { store, clock, repository, ids } = await chained(2);
    await putNote(repository, ids[0] ?? '', { note: 'verified', depth: 'deep', damaged: 2 });
    await clock.advance(1);
    await putNote(repository, ids[0] ?? '', { note: 'verified', depth: 'quick', damaged: 0 });
    await tidy(repository, 0);
    const { snapshots } = await readCatalog(testRepository({ store, clock }));
    expect(snapshots[1]?.notes.filter(({ note }) => note === 'verified')).toHaveLength(2);
  });
});

describe(`tidying notes that is interrupted (HOLDFAST_SEED=${testSeed()})`, () => {
  /** Tidies on stores that die at each call in turn. Gives how many there are. */
  async function everywhere(when: 'before' | 'after'): Promise<number> {
    for (let number = 1; ; number++) {
      const { store, clock } = await chained(6);
      await clock.advance(2 * GRACE_MS);
      const { halves: _, ...before } = await look(store, clock);
      const faults: Faults = { failCall: { number, when, thenDead: true } };
      const faulty = new FaultyStore(store, faults, new SeededRandom(number), clock);
      const ended = await tidy(testRepository({ store: faulty, clock, writer: '11'.repeat(16) }), 0).then(
        () => true,
        () => false,
      );
      const { halves, ...after } = await look(store, clock);
      expect(after, `call ${number}`).toEqual(before);
      // The note that is being put may be half; nothing that is being taken away may look so.
      expect(halves.length, `call ${number}`).toBeLessThanOrEqual(1);
      await tidy(testRepository({ store, clock }), 0);
      const completed = await look(store, clock);
      expect(completed.forgotten, `call ${number}`).toEqual(before.forgotten);
      if (ended) return number;
    }
  }

  it.each(['before', 'after'] as const)('hides and loses nothing, whichever call it dies %s', async (when) => {
    expect(await everywhere(when)).toBeGreaterThan(10);
  });

  it('takes snapshots for forgotten whose notes come back after a power cut', async () => {
    const random = new SeededRandom(testSeed());
    const { store, clock, repository } = await chained(8);
    const before = await look(store, clock);
    const objects = await Promise.all(
      (await store.list('notes/')).map(async ({ name }) => ({ name, bytes: await store.get(name) })),
    );
    await tidy(repository, 0);
    for (const { name, bytes } of objects) if (random.bytes(1)[0]! < 100) await store.put(name, bytes);
    expect(await look(store, clock)).toEqual(before);
    await tidy(testRepository({ store, clock }), 0);
    expect(await noteObjects(store)).toBe(2 * 2 + 2);
  });

  it('shows every reader the same while two tidy at once on a store whose listings lag', async () => {
    const { store, clock, ids, gone } = await chained(10);
    await clock.advance(2 * GRACE_MS);
    const random = new SeededRandom(testSeed());
    const lagging = () => new FaultyStore(store, { listingDelayMs: GRACE_MS / 2 }, random, clock);
    const tidiers = [lagging(), lagging()].map((slow) => testRepository({ store: slow, clock, random }));
    for (let round = 0; round < 12; round++) {
      await Promise.all(tidiers.map((repository) => tidy(repository)));
      const { snapshots, forgotten } = await readCatalog(testRepository({ store: lagging(), clock }));
      expect(snapshots.map(({ id, status }) => `${status} ${id}`)).toEqual(
        ids
          .slice(-2)
          .toReversed()
          .map((id) => `completed ${id}`),
      );
      expect([...forgotten.keys()].toSorted()).toEqual(gone.toSorted());
      await clock.advance(GRACE_MS / 4);
    }
    expect(await noteObjects(store)).toBeLessThan(2 * 2 + 6);
  });
});
