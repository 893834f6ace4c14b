import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/backup/ports.ts';
import { type Faults, FaultyStore } from '../../../src/backup/stores/faulty.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { RetryingStore } from '../../../src/backup/stores/retry.ts';
import { HoldfastError } from '../../../src/shared/errors.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { SeededRandom } from '../../helpers/seeded-random.ts';

const object = Buffer.from('content');

function failing(faults: Faults): { store: Store; faulty: FaultyStore; clock: ManualClock } {
  const clock = new ManualClock();
  const faulty = new FaultyStore(new MemoryStore(), faults, new SeededRandom(1), clock);
  return { store: new RetryingStore(faulty, clock, new SeededRandom(2)), faulty, clock };
}

describe('retries', () => {
  it('repeat a call until it succeeds', async () => {
    const { store, faulty, clock } = failing({ failCall: { number: 1, when: 'before' } });
    const put = store.put('index/x', object);
    await clock.advance(1000);
    await put;
    expect(faulty.calls).toBe(2);
    expect(await store.get('index/x')).toEqual(object);
  });

  it('repeat a put whose answer was lost', async () => {
    const { store, clock } = failing({ failCall: { number: 1, when: 'after' } });
    const put = store.put('index/x', object);
    await clock.advance(1000);
    await put;
    expect(await store.list('')).toEqual([{ name: 'index/x', size: object.length }]);
  });

  it('repair an upload that broke off', async () => {
    const { store, clock } = failing({ truncatePut: 0.3 });
    const puts = Promise.all(Array.from({ length: 20 }, (_, i) => store.put(`index/${i}`, object)));
    await clock.advance(200_000);
    await puts;
    for (const { size } of await store.list('')) expect(size).toBe(object.length);
  });

  it('give up after eight attempts and about half a minute, with the last error', async () => {
    const { store, faulty, clock } = failing({ failBefore: 1 });
    const failure = store.get('index/x').catch((error: unknown) => error);
    await clock.advance(15_000);
    expect(faulty.calls).toBeLessThan(8);
    await clock.advance(17_000);
    expect(await failure).toMatchObject({ code: 'store_failed', message: expect.stringContaining('get index/x') });
    expect(faulty.calls).toBe(8);
  });

  it('wait longer each time, and not all the same time', async () => {
    const delays = async (seed: number): Promise<number[]> => {
      const waited: number[] = [];
      const clock = Object.assign(new ManualClock(), { sleep: async (ms: number) => void waited.push(ms) });
      const faulty = new FaultyStore(new MemoryStore(), { failBefore: 1 }, new SeededRandom(1), clock);
      await new RetryingStore(faulty, clock, new SeededRandom(seed)).stat('index/x').catch(() => undefined);
      return waited;
    };
    const [first, second] = [await delays(1), await delays(2)];
    expect(first).not.toEqual(second);
    for (const [index, ms] of first.entries()) {
      const longest = Math.min(30_000, 250 * 2 ** index);
      expect(ms).toBeGreaterThan(longest / 2 - 1);
      expect(ms).toBeLessThanOrEqual(longest);
    }
  });

  it('leave errors alone that a repetition cannot help', async () => {
    const { store, faulty } = failing({ failBefore: 1, retryable: false });
    await expect(store.put('index/x', object)).rejects.toMatchObject({ code: 'store_failed' });
    expect(faulty.calls).toBe(1);
    await expect(failing({}).store.get('index/x')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('end as soon as the operation is cancelled', async () => {
    const { store, faulty, clock } = failing({ failBefore: 1 });
    const controller = new AbortController();
    const failure = store.get('index/x', undefined, controller.signal).catch((error: unknown) => error);
    await clock.advance(0);
    controller.abort();
    expect(await failure).toBeInstanceOf(HoldfastError);
    expect(await failure).toMatchObject({ code: 'interrupted' });
    expect(faulty.calls).toBe(1);
  });
});
