import { describe, expect, it } from 'vitest';
import { maxObjectBytes } from '../../../src/backup/format/object-limits.ts';
import { BoundedStore } from '../../../src/backup/stores/bounded.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';

const MIB = 2 ** 20;

describe('a store that bounds what is read whole', () => {
  it.each([
    ['less than it may have', 10, 10],
    ['exactly what it may have', 3 * MIB, 3 * MIB],
    ['more than it may have', 3 * MIB + 1, MIB],
  ])('gives of an object of %s all that may be, or the begin', async (_what, size, read) => {
    const inner = new MemoryStore();
    const store = new BoundedStore(inner, () => 3 * MIB);
    await store.put('snapshots/x', Buffer.alloc(size, 1));
    expect((await store.get('snapshots/x')).length).toBe(read);
    expect((await store.get('snapshots/x', { offset: 5, length: 2 })).length).toBe(2);
  });

  it('reads large objects one after the other, and goes on after one that fails', async () => {
    let running = 0;
    let most = 0;
    const inner = new (class extends MemoryStore {
      override async get(...[name, range]: Parameters<MemoryStore['get']>): Promise<Buffer> {
        const isWhole = (range?.length ?? 0) > MIB;
        running += isWhole ? 1 : 0;
        most = Math.max(most, running);
        await new Promise(setImmediate);
        running -= isWhole ? 1 : 0;
        if (isWhole && name.endsWith('1')) throw new Error('lost');
        return super.get(name, range);
      }
    })();
    const store = new BoundedStore(inner, () => 3 * MIB);
    const names = ['index/0', 'index/1', 'index/2'];
    for (const name of names) await store.put(name, Buffer.alloc(2 * MIB));
    const results = await Promise.allSettled(names.map((name) => store.get(name)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(most).toBe(1);
  });

  it.each([
    ['holdfast.json', 4096],
    ['keys/ab', 1.25 * MIB],
    ['snapshots/ab', 64 * MIB + 1024],
    ['index/ab', 256 * MIB],
  ])('takes the limits of the format: %s', (name, bytes) => {
    expect(maxObjectBytes(name)).toBe(bytes);
  });
});
