import { describe, expect, it } from 'vitest';
import { addKey, removeKey } from '../../../src/backup/operations/keys.ts';
import { mirror } from '../../../src/backup/operations/mirror/mirror.ts';
import { verify } from '../../../src/backup/operations/verify/verify.ts';
import type { Store } from '../../../src/backup/ports.ts';
import { collect } from '../../../src/backup/repository/collector.ts';
import { forgetSnapshot } from '../../../src/backup/repository/forget-snapshot.ts';
import { putMark } from '../../../src/backup/repository/marks.ts';
import { openRepository } from '../../../src/backup/repository/open-repository.ts';
import { Repository } from '../../../src/backup/repository/repository.ts';
import { Session } from '../../../src/backup/repository/sessions.ts';
import { putSnapshot, readCatalog } from '../../../src/backup/repository/snapshots.ts';
import { LocalStore } from '../../../src/backup/stores/local.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { ReadOnlyStore } from '../../../src/backup/stores/read-only.ts';
import { readProcessIdentity } from '../../../src/shared/process-identity.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { testHost } from '../../helpers/repository/test-repository.ts';
import { backUpTiny, restoreTiny, type TinyFiles } from '../../helpers/repository/tiny-backup.ts';
import { SeededRandom } from '../../helpers/seeded-random.ts';
import { temporaryFolder } from '../archive/helpers/gnu-tar.ts';
import { LOG_N, newRepository } from './helpers/environment.ts';

/** A store in memory whose objects a test may look at and spoil. `location` tells it from others. */
function place(location: string): { store: MemoryStore; objects: Map<string, Buffer> } {
  const objects = new Map<string, Buffer>();
  return { store: new MemoryStore(objects, location), objects };
}

function open(store: Store, passphrase = 'first'): Promise<Repository> {
  const ports = {
    store,
    clock: new ManualClock(),
    random: new SeededRandom(50),
    host: testHost(),
    writer: '22'.repeat(16),
  };
  return openRepository(ports, { passphrase: () => passphrase });
}

/** The same keys over another store, or over the same one with nothing remembered: opened without scrypt. */
function sameKeys(repository: Repository, store: Store): Repository {
  const ports = {
    store,
    clock: new ManualClock(),
    random: new SeededRandom(51),
    host: testHost(),
    writer: '22'.repeat(16),
  };
  const { header, ring, config, slot } = repository;
  return new Repository(ports, { header, ring, config, slot, warnings: [] });
}

/** Restores every finished snapshot of whatever lies in a store. */
async function everything(of: Repository, store = of.store): Promise<TinyFiles[]> {
  const repository = sameKeys(of, store);
  const { snapshots } = await readCatalog(repository);
  return Promise.all(snapshots.filter(({ confirmed }) => confirmed).map(({ body }) => restoreTiny(repository, body)));
}

async function source(days = 3): Promise<{ repository: Repository; objects: Map<string, Buffer>; ids: string[] }> {
  const { store, objects } = place('here');
  const repository = await newRepository(1, store);
  const ids: string[] = [];
  for (let day = 1; day <= days; day++) {
    const files = { same: 'same', [`only ${day}`]: `${day}`.repeat(2000) };
    ids.push(
      await backUpTiny(repository, files, {
        time: `2030-01-0${day}T00:00:00.000Z`,
        seq: day,
        prev: ids.at(-1) ?? null,
      }),
    );
  }
  return { repository, objects, ids };
}

const names = (objects: Map<string, Buffer>, prefix = '') =>
  [...objects.keys()].filter((name) => name.startsWith(prefix)).toSorted();

describe('mirror', () => {
  it('makes a twin that opens with the same passphrase and holds the same', async () => {
    const { repository, objects } = await source();
    const twin = place('there');
    const first = await mirror(repository, twin.store);
    await expect(open(twin.store)).resolves.toMatchObject({ id: repository.id });
    expect([...twin.objects].toSorted()).toEqual([...objects].toSorted());
    expect(first).toMatchObject({ objects: objects.size, copied: objects.size, deleted: 0 });
    expect(first.bytes).toBe([...objects.values()].reduce((sum, { length }) => sum + length, 0));
    expect(await everything(repository, twin.store)).toEqual(await everything(repository));
    expect(await mirror(repository, twin.store)).toMatchObject({
      objects: objects.size,
      copied: 0,
      deleted: 0,
      bytes: 0,
    });
  });

  it('works between folders', async () => {
    const local = (folder: string) => new LocalStore(folder, { identity: readProcessIdentity() });
    const [here, there] = [local(temporaryFolder()), local(temporaryFolder())];
    const repository = await newRepository(3, here);
    await backUpTiny(repository, { a: '1', 'b/c': '2' });
    await mirror(repository, there);
    expect(await everything(repository, there)).toEqual([{ a: '1', 'b/c': '2' }]);
    await Promise.all([here.close(), there.close()]);
  });

  it('is a whole repository wherever it is interrupted, and goes on from there', async () => {
    const { repository, objects } = await source(2);
    await mirror(repository, place('elsewhere').store);
    const whole = await everything(repository);
    class Breaking extends MemoryStore {
      left = Number.POSITIVE_INFINITY;
      override async put(...args: Parameters<MemoryStore['put']>): Promise<void> {
        if (!args[0].startsWith('sessions/') && this.left-- <= 0) throw new Error('killed');
        await super.put(...args);
      }
    }
    for (let puts = 0; puts < objects.size; puts++) {
      const there = new Map<string, Buffer>();
      const breaking = new Breaking(there, 'there');
      breaking.left = puts;
      await expect(mirror(repository, breaking)).rejects.toThrow('killed');
      if (names(there, 'keys/').length > 0) {
        for (const files of await everything(repository, new MemoryStore(there))) expect(whole).toContainEqual(files);
        const before = new Set(there.keys());
        const { damaged, notices } = await verify({ repository: await open(new MemoryStore(there)), workers: [] }, {});
        expect([puts, damaged]).toEqual([puts, []]);
        expect(notices.join()).toContain('run mirror again');
        // It puts notes of its own, and nothing else.
        for (const name of there.keys()) if (!before.has(name)) expect(name).toMatch(/^notes\//);
        for (const name of [...there.keys()]) if (!before.has(name)) there.delete(name);
      }
      const rest = await mirror(repository, new MemoryStore(there, 'there'));
      expect(rest.copied).toBe(objects.size - puts);
      expect([...there.keys()].toSorted()).toEqual(names(objects));
    }
  });

  it('deletes what was forgotten and pruned, after it has copied what is new', async () => {
    const { repository, objects, ids } = await source();
    const twin = place('there');
    await mirror(repository, twin.store);
    await forgetSnapshot(repository, ids[0] as string, 'test');
    await collect(repository, { graceMs: 0, force: true });
    const { deleted } = await mirror(repository, twin.store);
    expect(deleted).toBeGreaterThan(1);
    expect(names(twin.objects)).toEqual(names(objects));
    expect(await everything(repository, twin.store)).toEqual(await everything(repository));
  });

  it('never takes over a marked pack, and loses nothing by it', async () => {
    const { repository, objects } = await source();
    const marked = names(objects, 'packs/');
    const session = await Session.start(repository, { operation: 'prune' });
    await putMark(repository, session, { packs: marked.map((name) => name.slice(9)), indexes: [] });
    await session.end();
    const twin = place('there');
    await mirror(repository, twin.store);
    expect(names(twin.objects, 'packs/').filter((name) => marked.includes(name))).toEqual([]);
    expect(await everything(repository, twin.store)).toEqual(await everything(repository));
    const readOnly = sameKeys(repository, new ReadOnlyStore(repository.store));
    await expect(mirror(readOnly, twin.store)).resolves.toMatchObject({ copied: 0 });
  });

  it('keeps marked packs that it has until they are gone here', async () => {
    const { repository, objects, ids } = await source();
    const twin = place('there');
    await mirror(repository, twin.store);
    const before = names(twin.objects, 'packs/');
    await forgetSnapshot(repository, ids[0] as string, 'test');
    await collect(repository, { force: true });
    await mirror(repository, twin.store);
    expect(names(twin.objects, 'gc/')).toEqual(names(objects, 'gc/'));
    expect(names(twin.objects, 'packs/')).toEqual(expect.arrayContaining(before));
    expect(names(twin.objects, 'packs/')).toEqual(names(objects, 'packs/'));
  });

  it('is refused where something else lies, and leaves that alone', async () => {
    const { repository } = await source(1);
    const other = place('other');
    await newRepository(9, other.store);
    const strange = place('strange');
    await strange.store.put('photo.jpg', Buffer.from('x'));
    for (const { store, objects } of [other, strange]) {
      const before = names(objects);
      await expect(mirror(repository, store)).rejects.toMatchObject({ code: 'refused' });
      expect(names(objects)).toEqual(before);
    }
    await expect(mirror(repository, repository.store)).rejects.toMatchObject({ code: 'refused' });
  });

  it('keeps what the repository has lost', async () => {
    const { repository, objects, ids } = await source();
    const twin = place('there');
    await mirror(repository, twin.store);
    const all = names(twin.objects);
    const [pack] = names(objects, 'packs/');
    const [key] = names(objects, 'keys/');
    const [note] = names(objects, `notes/${ids[1]}/`);
    for (const name of [pack, key, note]) objects.delete(name as string);
    const warnings: string[] = [];
    const result = await mirror(sameKeys(repository, repository.store), twin.store, {
      onWarning: (warning) => warnings.push(warning),
    });
    expect(result.deleted).toBe(0);
    expect(names(twin.objects)).toEqual(all);
    expect(warnings).toEqual([expect.stringContaining('has lost objects')]);
    // A snapshot whose object is lost: everything is copied, then somebody has to look.
    objects.delete(`snapshots/${ids[2]}`);
    await expect(mirror(sameKeys(repository, repository.store), twin.store)).rejects.toMatchObject({
      code: 'refused',
      details: { snapshots: [ids[2]] },
    });
    expect(names(twin.objects)).toEqual(all);
  });

  it('copies around damage, names it, and deletes nothing', async () => {
    const { repository, objects, ids } = await source();
    const twin = place('there');
    await mirror(repository, twin.store);
    await forgetSnapshot(repository, ids[0] as string, 'test');
    const [, , last] = ids;
    const fresh = await backUpTiny(
      repository,
      { fresh: 'x' },
      { time: '2030-01-09T00:00:00.000Z', seq: 4, prev: last },
    );
    const damaged = names(objects, 'packs/').filter((name) => !twin.objects.has(name))[0] as string;
    (objects.get(damaged) as Buffer)[90] = 0xff ^ ((objects.get(damaged) as Buffer)[90] as number);
    await expect(mirror(repository, twin.store)).rejects.toMatchObject({
      code: 'damaged',
      details: { objects: [damaged] },
    });
    expect(twin.objects.has(damaged)).toBe(false);
    expect(twin.objects.has(`snapshots/${fresh}`)).toBe(true);
    expect(twin.objects.has(`snapshots/${ids[0]}`)).toBe(true);
  });

  it('is refused to delete snapshots that were taken in the mirror', async () => {
    const { repository } = await source(1);
    const twin = place('there');
    await mirror(repository, twin.store);
    const own = await backUpTiny(sameKeys(repository, twin.store), { mine: 'x' }, { time: '2030-02-01T00:00:00.000Z' });
    await expect(mirror(repository, twin.store)).rejects.toMatchObject({
      code: 'refused',
      details: { snapshots: [own] },
    });
    expect(await everything(repository, twin.store)).toContainEqual({ mine: 'x' });
  });

  it('is refused while the mirror is about to delete by itself, and makes good what it has deleted', async () => {
    const { repository, objects, ids } = await source();
    const twin = place('there');
    await mirror(repository, twin.store);
    const alone = sameKeys(repository, twin.store);
    await forgetSnapshot(alone, ids[0] as string, 'test');
    await collect(alone, { force: true });
    const refusal = { code: 'refused', message: expect.stringContaining('pruned by itself') };
    await expect(mirror(repository, twin.store)).rejects.toMatchObject(refusal);
    await collect(alone, { graceMs: 0, force: true });
    await collect(alone, { graceMs: 0, force: true });
    expect(names(twin.objects, 'gc/')).toEqual([]);
    await mirror(repository, twin.store);
    expect(names(twin.objects)).toEqual(names(objects));
    expect(await everything(repository, twin.store)).toEqual(await everything(repository));
  });

  it('takes over neither sessions nor unfinished snapshots', async () => {
    const { repository, ids } = await source(1);
    const session = await Session.start(repository, { operation: 'backup' });
    const [record] = (await readCatalog(repository)).snapshots;
    const body = {
      ...(record as NonNullable<typeof record>).body,
      seq: 2,
      prev: ids[0] as string,
      session: session.id,
    };
    const unfinished = await putSnapshot(repository, session.bytes, body);
    const twin = place('there');
    await mirror(repository, twin.store);
    expect(names(twin.objects, 'sessions/')).toEqual([]);
    expect(twin.objects.has(`snapshots/${unfinished}`)).toBe(false);
    await session.end();
  });

  it('replaces what is cut short or altered in the mirror', async () => {
    const { repository, objects } = await source(1);
    await repository.store.put('rescue-1.mjs', Buffer.from('rescue'));
    const twin = place('there');
    await mirror(repository, twin.store);
    const [pack] = names(objects, 'packs/');
    twin.objects.set(pack as string, Buffer.from('short'));
    twin.objects.set('rescue-1.mjs', Buffer.from('stolen'));
    twin.objects.set('holdfast.json', Buffer.from('{}'));
    expect((await mirror(repository, twin.store)).copied).toBe(3);
    expect([...twin.objects].toSorted()).toEqual([...objects].toSorted());
  });

  it('takes removed passphrases away from the mirror', async () => {
    const { repository } = await source(1);
    const second = await addKey(repository, { passphrase: 'second', label: 'x', logN: LOG_N });
    const twin = place('there');
    await mirror(repository, twin.store);
    await expect(open(twin.store, 'second')).resolves.toBeDefined();
    await removeKey(repository, second.id);
    expect((await mirror(repository, twin.store)).deleted).toBe(2);
    await expect(open(twin.store, 'second')).rejects.toMatchObject({ code: 'wrong_passphrase' });
    await expect(open(twin.store)).resolves.toBeDefined();
  });

  it('looks again where packs vanish while it copies', async () => {
    const { repository, objects } = await source(2);
    class Vanishing extends MemoryStore {
      done = false;
      override async get(...args: Parameters<MemoryStore['get']>): Promise<Buffer> {
        if (!this.done && args[0].startsWith('packs/') && args[1] === undefined) {
          this.done = true;
          await collect(repository, { graceMs: 0, force: true });
          return super.get('packs/00/none');
        }
        return super.get(...args);
      }
    }
    const vanishing = sameKeys(repository, new Vanishing(objects, 'here too'));
    const twin = place('there');
    await mirror(vanishing, twin.store);
    expect(await everything(repository, twin.store)).toEqual(await everything(repository));
  });
});
