import { describe, expect, it } from 'vitest';
import { diffSnapshots } from '../../../src/backup/operations/browse/diff.ts';
import { copySnapshots } from '../../../src/backup/operations/copy/copy.ts';
import { IdMap } from '../../../src/backup/operations/copy/id-map.ts';
import { changeTags } from '../../../src/backup/operations/tags.ts';
import type { Store } from '../../../src/backup/ports.ts';
import { putNote } from '../../../src/backup/repository/notes.ts';
import { openRepository } from '../../../src/backup/repository/open-repository.ts';
import type { Repository } from '../../../src/backup/repository/repository.ts';
import { listSessions, Session } from '../../../src/backup/repository/sessions.ts';
import { putSnapshot, readCatalog } from '../../../src/backup/repository/snapshots.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { rememberScrypt } from '../../helpers/remember-scrypt.ts';
import { testHost } from '../../helpers/repository/test-repository.ts';
import { backUpTiny, restoreTiny } from '../../helpers/repository/tiny-backup.ts';
import { SeededRandom, testSeed } from '../../helpers/seeded-random.ts';
import { entryOf, fileOf, raw } from '../archive/helpers/members.ts';
import { sampleTree } from '../archive/helpers/sample-tree.ts';
import { environmentOf, exportBytes, newRepository, noise, snapshotOf } from './helpers/environment.ts';

rememberScrypt();

const day = (number: number) => `2030-01-0${number}T00:00:00.000Z`;

/** Counts what is read of packs. */
class WatchedStore extends MemoryStore {
  reads: string[] = [];

  override async get(...args: Parameters<MemoryStore['get']>): Promise<Buffer> {
    if (args[0].startsWith('packs/')) this.reads.push(args[0]);
    return super.get(...args);
  }
}

async function bodyOf(repository: Repository, id: string) {
  const record = (await readCatalog(repository)).snapshots.find((snapshot) => snapshot.id === id);
  if (record === undefined) throw new Error(`no snapshot ${id}`);
  return record.body;
}

function reopened(store: Store): Promise<Repository> {
  const ports = {
    store,
    clock: new ManualClock(),
    random: new SeededRandom(77),
    host: testHost(),
    writer: '00'.repeat(16),
  };
  return openRepository(ports, { passphrase: () => 'first' });
}

describe('copy to other keys', () => {
  it('gives the same entries and contents', async () => {
    const [from, to] = [await newRepository(1), await newRepository(2)];
    const members = [...sampleTree(), fileOf('zz large', noise(4, 9_000_000))];
    const id = await snapshotOf(from, members, { threads: 2 });
    const result = await copySnapshots(from, environmentOf(to, 2), [id]);
    const copy = result.copied[0]?.to as string;
    expect(result.skipped).toEqual([]);
    expect(result.bytesStored).toBeGreaterThan(9_000_000);
    const both = [await exportBytes(from, id), await exportBytes(to, copy)];
    expect(both[1]?.bytes.equals(both[0]?.bytes as Buffer)).toBe(true);
    expect([...(await listSessions(from)), ...(await listSessions(to))]).toEqual([]);
    // Nothing of one repository can be recognised in the other.
    const packsOf = async ({ store }: Repository) => (await store.list('packs/')).map(({ name }) => name);
    const shared = new Set(await packsOf(from));
    expect((await packsOf(to)).filter((name) => shared.has(name))).toEqual([]);
  });

  it('keeps what the snapshot says and remembers where it comes from', async () => {
    const [from, to] = [await newRepository(1), await newRepository(2)];
    const first = await backUpTiny(from, { a: '1' }, { time: day(1), tags: ['one'], trigger: 'schedule' });
    const second = await snapshotOf(from, [fileOf('b', Buffer.from('2'))], { time: day(2), source: 'other' });
    await changeTags(from, first, { add: ['two'] });
    const { copied } = await copySnapshots(from, environmentOf(to), [second, first.slice(0, 8)]);
    expect(copied.map((copy) => copy.from)).toEqual([first, second]);
    const body = await bodyOf(to, copied[0]?.to as string);
    expect(body).toMatchObject({
      time: day(1),
      source: 'app',
      host: 'host',
      paths: ['/srv/app'],
      kind: 'files',
      trigger: 'schedule',
      tags: ['one', 'two'],
      facts: { copiedFrom: { repository: from.id, snapshot: first } },
      writer: to.writer,
      seq: 1,
      prev: null,
    });
    expect(await bodyOf(to, copied[1]?.to as string)).toMatchObject({ seq: 2, prev: copied[0]?.to, source: 'other' });
  });

  it('skips what is there, also by way of a third repository and back', async () => {
    const [a, b, c] = [await newRepository(1), await newRepository(2), await newRepository(3)];
    const id = await backUpTiny(a, { a: '1' });
    const there = (await copySnapshots(a, environmentOf(b), ['latest'])).copied[0]?.to as string;
    expect(await copySnapshots(a, environmentOf(b), [id])).toMatchObject({ copied: [], skipped: [id], bytesStored: 0 });
    const further = (await copySnapshots(b, environmentOf(c), [there])).copied[0]?.to as string;
    expect((await copySnapshots(a, environmentOf(c), [id])).skipped).toEqual([id]);
    expect((await copySnapshots(c, environmentOf(a), [further])).skipped).toEqual([further]);
  });

  it('maps parents', async () => {
    const [from, to] = [await newRepository(1), await newRepository(2)];
    const first = await backUpTiny(from, { a: '1' }, { time: day(1) });
    const session = await Session.start(from, { operation: 'backup' });
    const base = await bodyOf(from, first);
    const child = { ...base, time: day(2), parent: first, seq: 2, prev: first, session: session.id };
    const second = await putSnapshot(from, session.bytes, child);
    await putNote(from, second, { note: 'confirmed', body: child, packs: [], indexes: [] });
    await session.end();
    const { copied } = await copySnapshots(from, environmentOf(to), [first, second]);
    expect((await bodyOf(to, copied[1]?.to as string)).parent).toBe(copied[0]?.to);
  });

  it('leaves out what is unfinished and says so', async () => {
    const [from, to] = [await newRepository(1), await newRepository(2)];
    const first = await backUpTiny(from, { a: '1' });
    const session = await Session.start(from, { operation: 'backup' });
    const body = { ...(await bodyOf(from, first)), seq: 2, prev: first, session: session.id };
    const unfinished = await putSnapshot(from, session.bytes, body);
    await session.end();
    const warnings: string[] = [];
    const context = { onWarning: (message: string) => warnings.push(message) };
    expect((await copySnapshots(from, environmentOf(to), [unfinished], context)).copied).toEqual([]);
    expect(warnings).toEqual([`Snapshot ${unfinished.slice(0, 8)} is unfinished and is not copied.`]);
  });

  it('reads nothing again that an earlier run or an earlier snapshot brought over', async () => {
    const store = new WatchedStore();
    const [from, to] = [await newRepository(1, store), await newRepository(2)];
    const random = new SeededRandom(6);
    const many = Array.from({ length: 3000 }, (_, i) => fileOf(`d${i % 30}/f${i}`, random.bytes(200)));
    const large = noise(6, 12_000_000);
    const changed = Buffer.concat([large.subarray(0, 6_000_000), random.bytes(10), large.subarray(6_000_000)]);
    await snapshotOf(from, [...many, fileOf('large', large)], { time: day(1) });
    await copySnapshots(await reopened(store), environmentOf(to), ['latest']);

    const second = await snapshotOf(from, [...many, fileOf('d3/new', random.bytes(100)), fileOf('large', changed)], {
      time: day(2),
    });
    const warm = await reopened(store);
    let read = 0;
    const onProgress = ({ bytes = 0 }) => {
      read = bytes;
    };
    store.reads = [];
    const result = await copySnapshots(warm, environmentOf(to), [second], { onProgress });
    // The chunks around the insertion and one small file; not the twelve megabytes.
    expect(read).toBeLessThan(9_000_000);
    expect(result.bytesStored).toBeLessThan(9_000_000);
    const copy = result.copied[0]?.to as string;
    const both = [await exportBytes(from, second), await exportBytes(to, copy)];
    expect(both[1]?.bytes.equals(both[0]?.bytes as Buffer)).toBe(true);
  });

  it('carries a series of differing snapshots over in one go', async () => {
    const seed = testSeed();
    const random = new SeededRandom(seed);
    const [from, to] = [await newRepository(1), await newRepository(2)];
    const files: Record<string, string> = {};
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) {
      for (let n = 0; n < 20; n++) files[`d${random.below(5)}/f${random.below(80)}`] = random.bytes(6).toString('hex');
      delete files[Object.keys(files)[random.below(10)] as string];
      const time = new Date(Date.UTC(2030, 0, 1, i)).toISOString();
      ids.push(await backUpTiny(from, files, { time, seq: i + 1, prev: ids.at(-1) ?? null }));
    }
    const { copied } = await copySnapshots(from, environmentOf(to), ids);
    for (const copy of copied) {
      const expected = await restoreTiny(from, await bodyOf(from, copy.from));
      expect(await restoreTiny(to, await bodyOf(to, copy.to)), `seed ${seed}`).toEqual(expected);
    }
    expect(copied).toHaveLength(12);
    const [last, first] = [copied.at(-1)?.to as string, copied[0]?.to as string];
    expect((await diffSnapshots(to, first, last)).itemsTotal).toBeGreaterThan(0);
  });

  it('names the file where a chunk is damaged, and keeps what was copied before', async () => {
    const objects = new Map<string, Buffer>();
    const [from, to] = [await newRepository(1, new MemoryStore(objects)), await newRepository(2)];
    const whole = await backUpTiny(from, { a: 'whole' }, { time: day(1) });
    const before = new Set(objects.keys());
    await backUpTiny(from, { 'b\x1b': 'lost' }, { time: day(2), seq: 2, prev: whole });
    for (const [name, bytes] of objects) {
      if (name.startsWith('packs/') && !before.has(name) && bytes[4] === 1) objects.delete(name);
    }
    const ids = (await readCatalog(from)).snapshots.map(({ id }) => id);
    await expect(copySnapshots(await reopened(from.store), environmentOf(to), ids)).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining('b\\x1b cannot be copied'),
    });
    expect((await readCatalog(to)).snapshots.map(({ status }) => status)).toEqual(['completed']);
    expect(await listSessions(to)).toEqual([]);
  });

  it('is refused to the repository itself', async () => {
    const from = await newRepository(1);
    await expect(copySnapshots(from, environmentOf(from), [])).rejects.toMatchObject({ code: 'refused' });
  });

  it('keeps hard links, sparse files and indirect lists of chunks', async () => {
    const [from, to] = [await newRepository(1), await newRepository(2)];
    // A database is cut into small chunks: enough of them that their list is kept apart.
    const database = Buffer.concat([Buffer.from('SQLite format 3\0'), noise(8, 36_000_000)]);
    const holes = [{ offset: 4096, length: 1_000_000 }];
    const id = await snapshotOf(from, [
      fileOf('db', database),
      { entry: entryOf('db again', { size: database.length, hardlink: raw('db') }) },
      { entry: entryOf('sparse', { size: 1_008_192, holes }), content: [Buffer.alloc(8192, 1)] },
    ]);
    const { copied } = await copySnapshots(from, environmentOf(to), [id]);
    const both = [await exportBytes(from, id), await exportBytes(to, copied[0]?.to as string)];
    expect(both[1]?.bytes.equals(both[0]?.bytes as Buffer)).toBe(true);
  });
});

describe('the map of chunk IDs', () => {
  it('agrees with a plain map', () => {
    const random = new SeededRandom(3);
    const ids = Array.from({ length: 5000 }, () => random.bytes(32));
    const map = new IdMap();
    for (const id of ids) map.set(id, Buffer.from(id).reverse());
    map.set(ids[0] as Buffer, ids[1] as Buffer);
    expect(map.get(ids[0] as Buffer)).toEqual(ids[1]);
    for (const id of ids.slice(1)) expect(map.get(id)?.equals(Buffer.from(id).reverse())).toBe(true);
    expect(map.get(random.bytes(32))).toBeUndefined();
  });
});
