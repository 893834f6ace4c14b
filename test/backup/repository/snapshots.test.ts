import { describe, expect, it } from 'vitest';
import { forgetSnapshot } from '../../../src/backup/repository/forget-snapshot.ts';
import { putNote } from '../../../src/backup/repository/notes.ts';
import { readCatalog, resolveSnapshot } from '../../../src/backup/repository/snapshots.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { testRepository } from '../../helpers/repository/test-repository.ts';
import { backUpTiny } from '../../helpers/repository/tiny-backup.ts';

const FILES = { file: 'content' };

function setUp() {
  const clock = new ManualClock();
  const store = new MemoryStore();
  /** A repository that has not read anything yet. */
  const fresh = () => testRepository({ clock, store });
  return { clock, store, fresh, repository: fresh() };
}

describe('the catalog of snapshots', () => {
  it('folds notes into their snapshots', async () => {
    const { repository } = setUp();
    const id = await backUpTiny(repository, FILES, { tags: ['first'], warnings: ['a file vanished'] });
    await putNote(repository, id, { note: 'tagged', tags: ['second'] });
    await putNote(repository, id, { note: 'pinned', reason: 'audit' });
    await putNote(repository, id, { note: 'verified', depth: 'deep', damaged: 0 });
    const { snapshots, halves, damaged } = await readCatalog(repository);
    expect(snapshots).toMatchObject([
      {
        id,
        status: 'completed_with_warnings',
        tags: ['second'],
        pinned: true,
        verified: { depth: 'deep', damaged: 0 },
      },
    ]);
    expect([halves, damaged]).toEqual([[], []]);
  });

  it('lets the later of two notes count, and one that is to outdo another also at the same moment', async () => {
    const { repository } = setUp();
    const id = await backUpTiny(repository, FILES);
    for (let i = 0; i < 8; i++) {
      const [record] = (await readCatalog(repository)).snapshots;
      const before = record?.notes
        .filter(({ note }) => note.endsWith('pinned'))
        .map(({ time }) => time)
        .sort()
        .at(-1);
      await putNote(repository, id, { note: i % 2 === 0 ? 'pinned' : 'unpinned', reason: '' }, undefined, before);
      expect((await readCatalog(repository)).snapshots[0]?.pinned).toBe(i % 2 === 0);
    }
  });

  it.each(['damaged', 'lost'])('reads a snapshot whose object is %s from its note', async (fate) => {
    const { store, fresh, repository } = setUp();
    const id = await backUpTiny(repository, FILES);
    if (fate === 'lost') await store.delete(`snapshots/${id}`);
    else await store.put(`snapshots/${id}`, Buffer.from('damaged'));
    const catalog = await readCatalog(fresh());
    expect(catalog.snapshots).toMatchObject([{ id, status: fate === 'lost' ? 'lost' : 'completed' }]);
    expect(resolveSnapshot(catalog, { id: 'latest' }).id).toBe(id);
    expect(catalog.damaged).toHaveLength(fate === 'lost' ? 0 : 1);
  });

  it('notices that one of a pair of notes is gone', async () => {
    const { store, fresh, repository } = setUp();
    const id = await backUpTiny(repository, FILES);
    const [note] = await store.list(`notes/${id}/`);
    await store.delete(note!.name);
    const { halves, snapshots } = await readCatalog(fresh());
    expect(halves).toMatchObject([{ snapshot: id, note: 'confirmed' }]);
    expect(snapshots[0]?.status).toBe('completed');
  });

  it('does not take a note for that of another snapshot', async () => {
    const { store, fresh, repository } = setUp();
    const [a, b] = [await backUpTiny(repository, FILES), await backUpTiny(repository, FILES)];
    const [note] = await store.list(`notes/${a}/`);
    await store.put(note!.name.replace(a, b), await store.get(note!.name));
    const { damaged } = await readCatalog(fresh());
    expect(damaged).toMatchObject([{ object: note!.name.replace(a, b) }]);
  });

  it('remembers forgotten snapshots by their notes', async () => {
    const { fresh, repository } = setUp();
    const id = await backUpTiny(repository, FILES);
    await forgetSnapshot(repository, id, 'test');
    const catalog = await readCatalog(fresh());
    expect(catalog.snapshots).toEqual([]);
    expect(catalog.forgotten.get(id)?.confirmed?.body).toMatchObject({ source: 'app' });
    expect(() => resolveSnapshot(catalog, { id: id.slice(0, 8) })).toThrow('was forgotten');
  });
});

describe('naming a snapshot', () => {
  it('takes a prefix of at least four digits', async () => {
    const { repository } = setUp();
    const id = await backUpTiny(repository, FILES);
    const catalog = await readCatalog(repository);
    expect(resolveSnapshot(catalog, { id: id.slice(0, 4).toUpperCase() }).id).toBe(id);
    expect(() => resolveSnapshot(catalog, { id: id.slice(0, 3) })).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(() => resolveSnapshot(catalog, { id: 'newest' })).toThrow(expect.objectContaining({ code: 'usage' }));
    const other = id.startsWith('0000') ? '1111' : '0000';
    expect(() => resolveSnapshot(catalog, { id: other })).toThrow(expect.objectContaining({ code: 'not_found' }));
  });

  it('names the candidates of an ambiguous prefix', async () => {
    const { repository } = setUp();
    await backUpTiny(repository, FILES);
    const catalog = await readCatalog(repository);
    const [one] = catalog.snapshots;
    const twin = { ...one!, id: `${one!.id.slice(0, 6)}${'0'.repeat(58)}` };
    const both = { ...catalog, snapshots: [one!, twin] };
    expect(() => resolveSnapshot(both, { id: one!.id.slice(0, 6) })).toThrow(twin.id.slice(0, 16));
  });

  it('never means a safety backup or an unfinished one by latest', async () => {
    const { repository } = setUp();
    const time = (day: number) => ({ time: `2030-01-0${day}T00:00:00.000Z` });
    const id = await backUpTiny(repository, FILES, time(1));
    await backUpTiny(repository, FILES, { ...time(2), trigger: 'pre-restore' });
    await backUpTiny(repository, FILES, { ...time(3), source: 'other' });
    const catalog = await readCatalog(repository);
    expect(resolveSnapshot(catalog, { id: 'latest', source: 'app' }).id).toBe(id);
    expect(resolveSnapshot(catalog, { id: 'latest', at: '2030-01-02T12:00:00Z' }).id).toBe(id);
    expect(() => resolveSnapshot(catalog, { id: 'latest', at: '2029-01-01T00:00:00Z' })).toThrow(
      'no finished snapshot',
    );
    const unfinished = { ...catalog, snapshots: catalog.snapshots.map((one) => ({ ...one, confirmed: undefined })) };
    expect(() => resolveSnapshot(unfinished, { id: 'latest' })).toThrow('no finished snapshot');
  });
});
