import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Faults, FaultyStore } from '../../../src/backup/stores/faulty.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { ReadOnlyStore } from '../../../src/backup/stores/read-only.ts';
import { ThrottledStore } from '../../../src/backup/stores/throttle.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { SeededRandom } from '../../helpers/seeded-random.ts';

const object = Buffer.alloc(1000, 'o');

describe('a store opened for reading only', () => {
  it('refuses every change and reads as before', async () => {
    const inner = new MemoryStore();
    await inner.put('index/x', object);
    const store = new ReadOnlyStore(inner);
    const refused = { code: 'refused', message: expect.stringContaining('reading only') };
    await expect(store.put('index/y')).rejects.toMatchObject(refused);
    await expect(store.delete('index/x')).rejects.toMatchObject(refused);
    await expect(store.spoolFolder()).rejects.toMatchObject(refused);
    expect(await store.list('')).toEqual([{ name: 'index/x', size: 1000 }]);
    expect(await store.get('index/x')).toEqual(object);
    expect(await store.stat('index/x')).toEqual({ size: 1000 });
  });
});

describe('a throttled store', () => {
  it('keeps uploads to their average, one after the other and all at once', async () => {
    const clock = new ManualClock();
    const store = new ThrottledStore(new MemoryStore(), { uploadBytesPerSecond: 1000 }, clock);
    const started = clock.monotonic();
    const puts = Promise.all(Array.from({ length: 11 }, (_, i) => store.put(`index/${i}`, object)));
    await clock.advance(9_999);
    expect(await store.list('')).toHaveLength(10);
    await clock.advance(1);
    await puts;
    expect(clock.monotonic() - started).toBe(10_000);
  });

  it('counts what was read, not what was asked for', async () => {
    const clock = new ManualClock();
    const store = new ThrottledStore(new MemoryStore(), { downloadBytesPerSecond: 1000 }, clock);
    await store.put('index/x', object);
    await store.get('index/x', { offset: -500, length: 1e9 });
    await store.get('index/x', { offset: 0, length: 500 });
    const third = store.get('index/x');
    await clock.advance(0);
    expect(clock.sleeping).toBe(1);
    await clock.advance(1000);
    expect(await third).toHaveLength(1000);
  });

  it('does not save up more than a second of quiet', async () => {
    const clock = new ManualClock();
    const store = new ThrottledStore(new MemoryStore(), { uploadBytesPerSecond: 1000 }, clock);
    await clock.advance(3_600_000);
    await store.put('index/1', object);
    const second = store.put('index/2', object);
    await clock.advance(0);
    expect(clock.sleeping).toBe(1);
    await clock.advance(1000);
    await second;
  });

  it('gives back the room of an upload that was cancelled while it waited', async () => {
    const clock = new ManualClock();
    const store = new ThrottledStore(new MemoryStore(), { uploadBytesPerSecond: 1000 }, clock);
    const controller = new AbortController();
    const put = store.put('index/large', Buffer.alloc(1_000_000), controller.signal).catch((error: unknown) => error);
    controller.abort();
    expect(await put).toMatchObject({ code: 'interrupted' });
    await store.put('index/x', object);
    expect(await store.list('')).toEqual([{ name: 'index/x', size: 1000 }]);
  });
});

describe('a faulty store', () => {
  function faulty(faults: Faults, seed = 1) {
    const inner = new MemoryStore();
    const clock = new ManualClock();
    return { inner, clock, store: new FaultyStore(inner, faults, new SeededRandom(seed), clock) };
  }

  it.each([
    ['before', undefined],
    ['after', { size: 1000 }],
  ] as const)('fails the n-th call, %s it took effect', async (when, expected) => {
    const { inner, store } = faulty({ failCall: { number: 2, when } });
    await store.put('index/1', object);
    await expect(store.put('index/2', object)).rejects.toMatchObject({ code: 'store_failed', retryable: true });
    expect(await inner.stat('index/2')).toEqual(expected);
    await store.put('index/3', object);
    expect(store.calls).toBe(3);
  });

  it('fails for good once it is dead', async () => {
    const { inner, store } = faulty({ failCall: { number: 1, when: 'before', thenDead: true } });
    for (let i = 0; i < 3; i++)
      await expect(store.put('index/x', object)).rejects.toMatchObject({ code: 'store_failed' });
    expect(await inner.list('')).toEqual([]);
  });

  it('counts and harms only what it is told to', async () => {
    const { store } = faulty({ failBefore: 1, only: (call, name) => call === 'put' && name.startsWith('packs/') });
    await store.put('index/x', object);
    await store.get('index/x');
    await expect(store.put('packs/ab/x', object)).rejects.toMatchObject({ code: 'store_failed' });
    expect(store.calls).toBe(1);
  });

  it('fails about as often as it is told to, and the same way again for the same seed', async () => {
    const failures = async (seed: number): Promise<string> => {
      const { store } = faulty({ failBefore: 0.3 }, seed);
      let pattern = '';
      for (let i = 0; i < 300; i++) {
        pattern += await store.stat('index/x').then(
          () => '.',
          () => 'x',
        );
      }
      return pattern;
    };
    const pattern = await failures(1);
    expect(await failures(1)).toBe(pattern);
    expect(await failures(2)).not.toBe(pattern);
    expect(pattern.replaceAll('.', '').length).toBeGreaterThan(60);
    expect(pattern.replaceAll('.', '').length).toBeLessThan(120);
  });

  it('leaves a part of an upload that breaks off', async () => {
    const { inner, store } = faulty({ truncatePut: 1 });
    await expect(store.put('packs/ab/x', object)).rejects.toMatchObject({ retryable: true });
    expect((await inner.stat('packs/ab/x'))?.size).toBeLessThan(1000);
  });

  it('leaves a spooled file for another try', async () => {
    const { inner, store } = faulty({ failCall: { number: 1, when: 'after' } });
    const path = join(await store.spoolFolder(), 'pack');
    writeFileSync(path, object);
    await expect(store.put('packs/ab/x', { path, size: 1000 })).rejects.toMatchObject({ retryable: true });
    await store.put('packs/ab/x', { path, size: 1000 });
    expect(await inner.get('packs/ab/x')).toEqual(object);
    await store.close();
  });

  it('flips one bit of what is read, and none of what is stored', async () => {
    const { inner, store } = faulty({ flipBit: 1 });
    await store.put('index/x', object);
    const read = await store.get('index/x');
    const wrong = read.map((byte, at) => byte ^ (object[at] ?? 0)).filter((difference) => difference !== 0);
    expect(wrong).toHaveLength(1);
    expect(Math.log2(wrong[0] ?? 0) % 1).toBe(0);
    expect(await inner.get('index/x')).toEqual(object);
  });

  it('lists late what was put and what was deleted, while get and stat are right', async () => {
    const { clock, store } = faulty({ listingDelayMs: 10_000 });
    await store.put('index/x', object);
    expect(await store.list('index/')).toEqual([]);
    expect(await store.stat('index/x')).toEqual({ size: 1000 });
    await clock.advance(10_000);
    expect(await store.list('index/')).toHaveLength(1);
    await store.put('index/x', object);
    expect(await store.list('index/')).toHaveLength(1);
    await store.delete('index/x');
    expect(await store.list('index/')).toEqual([{ name: 'index/x', size: 1000 }]);
    expect(await store.list('packs/')).toEqual([]);
    expect(await store.stat('index/x')).toBeUndefined();
    await clock.advance(10_000);
    expect(await store.list('index/')).toEqual([]);
  });

  it('takes its time', async () => {
    const { clock, store } = faulty({ latencyMs: 1000 });
    const put = store.put('index/x', object);
    await clock.advance(0);
    expect(clock.sleeping).toBe(1);
    await clock.advance(1000);
    await put;
  });
});
