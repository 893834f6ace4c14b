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
    return disk.lstat('/disk/repository/tmp/reserve').then(
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
    await store.put('sessions/s/0', Buffer.alloc(500));
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
