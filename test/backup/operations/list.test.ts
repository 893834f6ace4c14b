import { beforeAll, describe, expect, it } from 'vitest';
import { findSnapshot, listSnapshots } from '../../../src/backup/operations/list/list.ts';
import { setPinned } from '../../../src/backup/operations/pins.ts';
import { changeTags } from '../../../src/backup/operations/tags.ts';
import type { HeadMemory, Heads } from '../../../src/backup/repository/history.ts';
import { putNote } from '../../../src/backup/repository/notes.ts';
import type { Repository } from '../../../src/backup/repository/repository.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import type { SnapshotFilter } from '../../../src/backup/types.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { testRepository } from '../../helpers/repository/test-repository.ts';
import { backUpTiny } from '../../helpers/repository/tiny-backup.ts';

const at = (day: number) => `2030-01-0${day}T12:00:00.000Z`;

describe('list', () => {
  let repository: Repository;
  const ids: string[] = [];
  const list = async (filter?: SnapshotFilter) =>
    (await listSnapshots(repository, { filter })).map(({ id }) => ids.indexOf(id) + 1);

  beforeAll(async () => {
    repository = testRepository();
    const take = (day: number, options = {}) =>
      backUpTiny(repository, { a: `${day}` }, { time: at(day), seq: day, prev: ids.at(-1) ?? null, ...options });
    ids.push(await take(1, { tags: ['nightly'] }));
    ids.push(await take(2, { source: 'db', warnings: ['odd'] }));
    ids.push(await take(3, { trigger: 'pre-restore' }));
    ids.push(await take(4));
    await putNote(repository, ids[0] as string, { note: 'verified', depth: 'deep', damaged: 0 });
    await putNote(repository, ids[1] as string, { note: 'verified', depth: 'checksums', damaged: 2 });
  });

  it.each([
    [{}, [4, 3, 2, 1]],
    [{ tag: 'nightly' }, [1]],
    [{ source: 'db' }, [2]],
    [{ host: 'nobody' }, []],
    [{ kind: 'files' }, [4, 3, 2, 1]],
    [{ trigger: 'pre-restore' }, [3]],
    [{ status: 'completed_with_warnings' }, [2]],
    [{ verified: true }, [1]],
    [{ verified: false }, [4, 3, 2]],
    [{ from: at(2), to: at(3) }, [3, 2]],
  ] as [SnapshotFilter, number[]][])('gives for %j the snapshots %j', async (filter, expected) => {
    expect(await list(filter)).toEqual(expected);
  });

  it('says everything about a snapshot', async () => {
    const [snapshot] = await listSnapshots(repository, { filter: { source: 'db' } });
    expect(snapshot).toEqual({
      id: ids[1],
      time: at(2),
      source: 'db',
      host: 'host',
      paths: ['/srv/app'],
      tags: [],
      kind: 'files',
      trigger: 'manual',
      classes: [],
      status: 'completed_with_warnings',
      parent: null,
      files: 1,
      directories: 1,
      size: 1,
      stored: 1,
      durationMs: 0,
      warnings: 1,
      pinned: false,
      pinReason: null,
      kept: [],
      verified: { depth: 'checksums', time: '2030-01-01T00:00:00.000Z', damaged: 2 },
    });
  });

  it('says by which rules a policy keeps each, whatever the filter', async () => {
    const all = await listSnapshots(repository, { policy: { last: 1 } });
    expect(Object.fromEntries(all.map(({ id, kept }) => [ids.indexOf(id) + 1, kept]))).toEqual({
      1: [],
      2: ['last 1', 'newest'],
      3: ['safety'],
      4: ['last 1', 'newest'],
    });
    const [old] = await listSnapshots(repository, { filter: { tag: 'nightly' }, policy: { last: 1 } });
    expect(old?.kept).toEqual([]);
  });

  it('finds one by prefix, as the latest, and as the latest before a time', async () => {
    const found = async (id: string, options = {}) => (await findSnapshot(repository, { id, ...options })).id;
    expect(await found((ids[0] as string).slice(0, 12))).toBe(ids[0]);
    expect(await found('latest')).toBe(ids[3]);
    expect(await found('latest', { at: at(3) })).toBe(ids[1]);
    expect(await found('latest', { at: at(3), source: 'app' })).toBe(ids[0]);
    await expect(found('latest', { source: 'nothing' })).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('pins and tags', () => {
  it('stay as last said, whatever the clocks say', async () => {
    const clock = new ManualClock();
    const repository = testRepository({ clock });
    const id = await backUpTiny(repository, { a: '1' }, { tags: ['one'] });
    const behind = testRepository({ store: repository.store, clock: new ManualClock(Date.UTC(2029, 0, 1)) });
    expect((await setPinned(repository, id, true, 'audit')).pinned).toBe(true);
    expect((await setPinned(behind, id, false)).pinned).toBe(false);
    expect((await setPinned(repository, id, true)).pinned).toBe(true);
    expect((await changeTags(repository, id, { add: ['two', 'one'] })).tags).toEqual(['one', 'two']);
    expect((await changeTags(behind, id, { remove: ['one'] })).tags).toEqual(['two']);
    expect((await changeTags(behind, id, { set: ['x', 'x'], add: ['y'] })).tags).toEqual(['x', 'y']);
    await expect(changeTags(repository, id, { add: [' '] })).rejects.toMatchObject({ code: 'usage' });
    await expect(setPinned(repository, 'ffffffff', true)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('put no note where nothing changes', async () => {
    const repository = testRepository();
    const id = await backUpTiny(repository, { a: '1' }, { tags: ['one'] });
    const before = (await repository.store.list('notes/')).length;
    await setPinned(repository, id, false);
    await changeTags(repository, id, { add: ['one'], remove: ['two'] });
    expect((await repository.store.list('notes/')).length).toBe(before);
  });

  it('warns of what was seen before and is gone, and of what cannot be read', async () => {
    const objects = new Map<string, Buffer>();
    const store = new MemoryStore(objects);
    const place = testRepository({ store });
    const [first, second] = [await backUpTiny(place, { a: '1' }), await backUpTiny(place, { a: '2' }, { seq: 2 })];
    let seen: Heads = {};
    const heads: HeadMemory = {
      load: async () => seen,
      save: async (found) => {
        seen = found;
      },
    };
    const warnings: string[] = [];
    const listAgain = () =>
      listSnapshots(testRepository({ store }), { heads }, { onWarning: (message) => warnings.push(message) });
    await listAgain();
    expect(warnings).toEqual([]);
    const drop = (prefix: string) => {
      for (const name of [...objects.keys()]) if (name.startsWith(prefix)) objects.delete(name);
    };
    drop(`snapshots/${second}`);
    drop(`notes/${second}`);
    drop(`notes/${first}`);
    objects.get(`snapshots/${first}`)?.fill(0, 80, 90);
    for (let round = 0; round < 2; round++) {
      warnings.length = 0;
      expect(await listAgain()).toEqual([]);
      expect(warnings).toEqual([
        expect.stringContaining(`older than when it was last seen: snapshot ${second.slice(0, 8)}`),
        expect.stringContaining(`snapshots/${first} is damaged`),
      ]);
    }
  });
});
