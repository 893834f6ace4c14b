import { describe, expect, it } from 'vitest';
import { OBJECT_TYPES } from '../../../src/backup/crypto/sealer.ts';
import { encodeBody } from '../../../src/backup/format/body.ts';
import { objectId } from '../../../src/backup/format/pack.ts';
import { forget } from '../../../src/backup/operations/forget.ts';
import { collect, DEFAULT_GRACE_MS } from '../../../src/backup/repository/collector.ts';
import { readMarks } from '../../../src/backup/repository/marks.ts';
import { putNote } from '../../../src/backup/repository/notes.ts';
import { listPacks } from '../../../src/backup/repository/packs.ts';
import type { Repository } from '../../../src/backup/repository/repository.ts';
import { Session } from '../../../src/backup/repository/sessions.ts';
import { deleteSnapshotObject, readCatalog } from '../../../src/backup/repository/snapshots.ts';
import { FaultyStore } from '../../../src/backup/stores/faulty.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { testHost, testRepository } from '../../helpers/repository/test-repository.ts';
import { backUpTiny, restoreTiny } from '../../helpers/repository/tiny-backup.ts';
import { SeededRandom } from '../../helpers/seeded-random.ts';

const NOW = { graceMs: 0, force: true };
const OLD = { 'old.txt': 'old content, and enough of it to weigh something' };
const NEW = { 'new.txt': 'new content' };

async function forgetNow(repository: Repository, id: string): Promise<void> {
  await putNote(repository, id, { note: 'forgotten', reason: 'test' });
  await deleteSnapshotObject(repository, id);
}

async function expectRestores(repository: Repository, id: string, files: Record<string, string>): Promise<void> {
  const { snapshots } = await readCatalog(repository);
  const snapshot = snapshots.find((candidate) => candidate.id === id);
  expect(await restoreTiny(repository, snapshot!.body)).toEqual(files);
}

describe('collecting', () => {
  it('deletes nothing that is used', async () => {
    const repository = testRepository();
    const id = await backUpTiny(repository, OLD);
    const before = await listPacks(repository.store);
    expect(await collect(repository, NOW)).toMatchObject({ deletedPacks: 0, markedPacks: 0 });
    expect(await listPacks(repository.store)).toEqual(before);
    await expectRestores(repository, id, OLD);
  });

  it.each([
    ['snapshot', OBJECT_TYPES.snapshot, 'snapshots/'],
    ['note', OBJECT_TYPES.note, `notes/${'a'.repeat(64)}/`],
  ] as const)('deletes nothing where a newer program wrote a %s', async (type, number, folder) => {
    const repository = testRepository();
    await forgetNow(repository, await backUpTiny(repository, OLD));
    await backUpTiny(repository, NEW);
    const bytes = encodeBody(repository.sealer, number, undefined, { type, version: 2, critical: [] });
    const name = `${folder}${objectId(bytes)}`;
    await repository.store.put(name, bytes);
    await expect(collect(repository, NOW)).rejects.toMatchObject({
      code: 'unsupported_version',
      message: expect.stringContaining(name),
    });
    expect((await listPacks(repository.store)).size).toBe(4);
  });

  it('frees unused packs in one call without grace, and leaves no mark behind', async () => {
    const repository = testRepository();
    const old = await backUpTiny(repository, OLD);
    const id = await backUpTiny(repository, NEW);
    await forgetNow(repository, old);
    const result = await collect(repository, NOW);
    expect(result).toMatchObject({ deletedPacks: 2, markedPacks: 0, freedAfter: null, waitingFor: [] });
    expect(result.freedBytes).toBeGreaterThan(0);
    expect((await listPacks(repository.store)).size).toBe(2);
    expect(await repository.store.list('gc/')).toEqual([]);
    expect(await repository.store.list('sessions/')).toEqual([]);
    expect(await repository.store.list('index/')).toHaveLength(1);
    await expectRestores(repository, id, NEW);
  });

  it('marks first and deletes when the grace is over', async () => {
    const clock = new ManualClock();
    const repository = testRepository({ clock });
    const old = await backUpTiny(repository, OLD);
    await backUpTiny(repository, NEW);
    await forgetNow(repository, old);
    const first = await collect(repository, { force: true });
    expect(first).toMatchObject({ deletedPacks: 0, markedPacks: 2 });
    expect(Date.parse(first.freedAfter ?? '')).toBe(clock.now() + DEFAULT_GRACE_MS);
    await clock.advance(DEFAULT_GRACE_MS - 1);
    expect(await collect(repository, { force: true })).toMatchObject({ deletedPacks: 0, markedPacks: 2 });
    await clock.advance(1);
    expect(await collect(repository, { force: true })).toMatchObject({ deletedPacks: 2, markedPacks: 0 });
  });

  it('copies what a snapshot came to need after it was marked', async () => {
    const clock = new ManualClock();
    const repository = testRepository({ clock });
    const old = await backUpTiny(repository, OLD);
    await backUpTiny(repository, NEW);
    await forgetNow(repository, old);
    let marked = false;
    const id = await backUpTiny(repository, OLD, {
      beforePublish: async () => {
        // As if this writer had stopped between looking at the marks and putting its snapshot.
        marked = (await collect(repository, { force: true })).markedPacks > 0;
      },
    });
    await clock.advance(DEFAULT_GRACE_MS);
    await collect(repository, { force: true });
    expect(marked).toBe(true);
    await expectRestores(repository, id, OLD);
  });

  it('asks before a fifth of the repository goes', async () => {
    const repository = testRepository();
    await forgetNow(repository, await backUpTiny(repository, OLD));
    await backUpTiny(repository, NEW);
    await expect(collect(repository, { graceMs: 0 })).rejects.toMatchObject({ code: 'refused' });
    expect((await listPacks(repository.store)).size).toBe(4);
  });

  it('changes nothing in a dry run and says what would go', async () => {
    const objects = new Map<string, Buffer>();
    const repository = testRepository({ store: new MemoryStore(objects) });
    await forgetNow(repository, await backUpTiny(repository, OLD));
    await backUpTiny(repository, NEW);
    const before = new Map(objects);
    const planned = await collect(repository, { ...NOW, dryRun: true });
    expect(objects).toEqual(before);
    const done = await collect(repository, NOW);
    expect([planned.deletedPacks, planned.freedBytes]).toEqual([done.deletedPacks, done.freedBytes]);
  });

  it('waits for a live session that is older than the mark', async () => {
    const clock = new ManualClock();
    const store = new MemoryStore();
    const repository = testRepository({ clock, store });
    const other = testRepository({ clock, store, host: testHost('elsewhere'), random: new SeededRandom(2) });
    await forgetNow(repository, await backUpTiny(repository, OLD));
    await backUpTiny(repository, NEW);
    const reader = await Session.start(other, { operation: 'restore' });
    const result = await collect(repository, NOW);
    expect(result.deletedPacks).toBe(0);
    expect(result.waitingFor).toEqual([expect.stringContaining('restore on elsewhere')]);
    await reader.end();
    expect(await collect(repository, NOW)).toMatchObject({ deletedPacks: 2, waitingFor: [] });
  });

  it('does not wait for a process of this host that is dead', async () => {
    const store = new MemoryStore();
    const repository = testRepository({ store, host: testHost('host', () => undefined) });
    await forgetNow(repository, await backUpTiny(repository, OLD));
    await backUpTiny(repository, NEW);
    await (await Session.start(repository, { operation: 'backup' })).stop();
    expect(await collect(repository, NOW)).toMatchObject({ deletedPacks: 2, waitingFor: [] });
    expect(await store.list('sessions/')).toEqual([]);
  });

  it('rewrites packs of which little is used', async () => {
    const repository = testRepository();
    const both = { big: 'x'.repeat(3).padEnd(4000, 'not used any more '), small: 'still used' };
    const old = await backUpTiny(repository, both);
    const id = await backUpTiny(repository, { small: 'still used' });
    await forgetNow(repository, old);
    const result = await collect(repository, NOW);
    expect(result.rewrittenBytes).toBeGreaterThan(0);
    expect(result.deletedPacks).toBe(2);
    await expectRestores(repository, id, { small: 'still used' });
  });

  it('deletes nothing while a confirmed snapshot is incomplete', async () => {
    const repository = testRepository();
    const old = await backUpTiny(repository, OLD);
    await backUpTiny(repository, NEW);
    const packs = await listPacks(repository.store);
    await backUpTiny(repository, { 'third.txt': 'third' });
    for (const { name } of await repository.store.list('packs/')) {
      if (!packs.has(name.slice(9))) await repository.store.delete(name);
    }
    await forgetNow(repository, old);
    await expect(collect(repository, NOW)).rejects.toMatchObject({ code: 'damaged' });
    expect((await readMarks(repository)).all).toEqual([]);
    expect((await listPacks(repository.store)).size).toBe(4);
  });

  it('deletes nothing while nobody can tell what a snapshot needs, until it is given up', async () => {
    const repository = testRepository();
    const lost = await backUpTiny(repository, OLD);
    const kept = await backUpTiny(repository, NEW);
    const packs = (await listPacks(repository.store)).size;
    for (const { name } of await repository.store.list(`notes/${lost}/`))
      await repository.store.put(name, Buffer.from('x'));
    await repository.store.put(`snapshots/${lost}`, Buffer.from('x'));
    repository.bodies.clear();
    await expect(collect(repository, NOW)).rejects.toMatchObject({
      code: 'damaged',
      advice: expect.stringContaining(`forget ${lost.slice(0, 16)}`),
    });
    expect((await listPacks(repository.store)).size).toBe(packs);
    await forget(repository, { snapshots: [lost.slice(0, 16)] });
    expect((await collect(repository, NOW)).deletedPacks).toBeGreaterThan(0);
    await expectRestores(repository, kept, NEW);
  });

  it('finishes what a dead writer left before its note', async () => {
    const store = new MemoryStore();
    const clock = new ManualClock();
    const dying = new FaultyStore(
      store,
      { only: (call, name) => call === 'put' && name.startsWith('notes/'), failBefore: 1 },
      new SeededRandom(1),
      clock,
    );
    const host = testHost('host', () => undefined);
    await expect(backUpTiny(testRepository({ store: dying, clock, host }), OLD)).rejects.toThrow();
    const repository = testRepository({ store, clock, host, random: new SeededRandom(2) });
    expect((await readCatalog(repository)).snapshots[0]?.status).toBe('unfinished');
    const { warnings } = await collect(repository, NOW);
    expect(warnings).toEqual([expect.stringContaining('confirmed')]);
    const { snapshots } = await readCatalog(repository);
    expect(snapshots[0]?.status).toBe('completed');
    expect(await restoreTiny(repository, snapshots[0]!.body)).toEqual(OLD);
    expect(await store.list('sessions/')).toEqual([]);
  });

  it('merges many small index runs into one', async () => {
    const repository = testRepository();
    const ids: string[] = [];
    for (let i = 0; i < 9; i++) ids.push(await backUpTiny(repository, { file: `content ${i}` }));
    expect(await collect(repository, NOW)).toMatchObject({ indexRuns: { before: 9, after: 1 } });
    for (const [i, id] of ids.entries()) await expectRestores(repository, id, { file: `content ${i}` });
  });

  it('names packs again whose index run is lost or damaged', async () => {
    const repository = testRepository();
    const id = await backUpTiny(repository, OLD);
    const [run] = await repository.store.list('index/');
    await repository.store.put(run!.name, Buffer.from('not an index'));
    const { warnings } = await collect(repository, NOW);
    expect(warnings).toEqual([expect.stringContaining(run!.name)]);
    const runs = await repository.store.list('index/');
    expect(runs.map(({ name }) => name)).not.toContain(run!.name);
    expect(runs).toHaveLength(1);
    await expectRestores(repository, id, OLD);
  });
});
