import { beforeEach, describe, expect, it } from 'vitest';
import { LocalStore } from '../../../src/backup/stores/local.ts';
import { readProcessIdentity } from '../../../src/shared/process-identity.ts';
import { CrashFileSystem } from '../../helpers/crash-file-system.ts';
import { SeededRandom } from '../../helpers/seeded-random.ts';

const MIB = 1024 * 1024;
const full = { code: 'storage_full', advice: expect.stringContaining('holdfast prune --grace 0s') };

describe('the reserve of a local store', () => {
  let disk: CrashFileSystem;

  beforeEach(async () => {
    disk = new CrashFileSystem('/disk', new SeededRandom(9), { capacityBytes: 8 * MIB });
    await disk.mkdir('/disk/repository', 0o700);
  });

  function open(): LocalStore {
    return new LocalStore('/disk/repository', { identity: readProcessIdentity(), files: disk });
  }

  async function fill(store: LocalStore): Promise<string[]> {
    const packs: string[] = [];
    for (const size of [MIB, 100_000, 1000, 10, 1]) {
      for (let failed = false; !failed; ) {
        const name = `packs/00/${packs.length}`;
        await store.put(name, Buffer.alloc(size)).then(
          () => packs.push(name),
          () => {
            failed = true;
          },
        );
      }
    }
    return packs;
  }

  async function reserveSize(): Promise<number | undefined> {
    return disk.lstat('/disk/repository/tmp/reserve/0').then(
      ({ size }) => size,
      () => undefined,
    );
  }

  it('lets what a prune must store be stored on a full disk, and nothing else', async () => {
    const store = open();
    await fill(store);
    expect(await store.freeBytes()).toBe(0);
    await expect(store.put('packs/00/more', Buffer.alloc(10))).rejects.toMatchObject(full);
    await expect(store.put('index/more', Buffer.alloc(10))).rejects.toMatchObject(full);
    await expect(store.put('gc/large', Buffer.alloc(64 * 1024))).rejects.toMatchObject(full);
    expect(await reserveSize()).toBe(MIB / 2);
    await expect(store.put('sessions/s/0', Buffer.alloc(500))).rejects.toMatchObject(full);
    expect(await reserveSize()).toBe(MIB / 2);
    await store.put('notes/s/forgotten', Buffer.alloc(500));
    await store.put('gc/mark', Buffer.alloc(60_000));
    expect(await reserveSize()).toBeUndefined();
    expect(await store.stat('gc/mark')).toEqual({ size: 60_000 });
  });

  it('serves a process that finds the disk full at its start', async () => {
    const first = open();
    await fill(first);
    await first.close();
    const second = open();
    await second.put('gc/mark', Buffer.alloc(1000));
    expect(await second.stat('gc/mark')).toEqual({ size: 1000 });
  });

  it('lets what a prune must store be stored where no file can be made any more', async () => {
    disk = new CrashFileSystem('/disk', new SeededRandom(9), { inodes: 200 });
    await disk.mkdir('/disk/repository', 0o700);
    const first = open();
    let packs = 0;
    const more = () => first.put(`packs/00/${packs}`, Buffer.alloc(10)).then(() => ++packs);
    await expect(
      (async () => {
        for (;;) await more();
      })(),
    ).rejects.toMatchObject(full);
    await first.close();
    const second = open();
    await expect(second.put('packs/00/more', Buffer.alloc(10))).rejects.toMatchObject(full);
    await expect(second.put('sessions/s/0', Buffer.alloc(10))).rejects.toMatchObject(full);
    for (const name of ['notes/a/0', 'notes/a/1', 'notes/b/0', 'notes/b/1', 'gc/mark', 'gc/mark.done']) {
      await second.put(name, Buffer.alloc(10));
    }
    expect(await reserveSize()).toBeUndefined();
  });

  it('is completed where a process died while it was being made', async () => {
    const first = open();
    await first.spoolFolder();
    for (const number of [20, 31]) await disk.unlink(`/disk/repository/tmp/reserve/${number}`);
    await open().spoolFolder();
    expect(await disk.readdir('/disk/repository/tmp/reserve')).toHaveLength(32);
  });

  it('is made again once there is room', async () => {
    const first = open();
    const packs = await fill(first);
    await first.put('gc/mark', Buffer.alloc(1000));
    for (const name of packs) await first.delete(name);
    await first.close();
    await open().put('index/new', Buffer.alloc(1000));
    expect(await reserveSize()).toBe(MIB / 2);
  });

  it('is not made where it would take what little room there is', async () => {
    disk = new CrashFileSystem('/disk', new SeededRandom(9), { capacityBytes: 1.5 * MIB });
    await disk.mkdir('/disk/repository', 0o700);
    await open().put('index/new', Buffer.alloc(1000));
    expect(await reserveSize()).toBeUndefined();
  });

  it('is no object', async () => {
    const store = open();
    await store.spoolFolder();
    expect(await reserveSize()).toBe(MIB / 2);
    expect(await store.list('')).toEqual([]);
  });
});
