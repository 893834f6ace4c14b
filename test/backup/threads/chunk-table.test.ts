import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { writeRecord } from '../../../src/backup/format/pack.ts';
import { type PackIndex, RECORD_BYTES } from '../../../src/backup/format/pack-index.ts';
import { ChunkTable } from '../../../src/backup/threads/chunk-table.ts';
import { SeededRandom, testSeed } from '../../helpers/seeded-random.ts';

const seed = testSeed();
const random = new SeededRandom(seed);
const idAt = (ids: Buffer, i: number): Buffer => ids.subarray(32 * i, 32 * i + 32);

/** An index of `blocks` blocks in which chunk i lies in block i % blocks. */
function indexOf(ids: Buffer, blocks: number): PackIndex {
  const records = Buffer.alloc((ids.length / 32) * RECORD_BYTES);
  for (let i = 0; i < ids.length / 32; i++) writeRecord(records, i * RECORD_BYTES, idAt(ids, i), i % blocks, 0, 1);
  return {
    packs: [],
    blockPack: new Uint32Array(blocks),
    blockOffset: new Uint32Array(blocks),
    blockLength: new Uint32Array(blocks),
    records,
  };
}

describe('the table of chunks', () => {
  it('lets each chunk be claimed once, whoever asks', async () => {
    // Half of all slots, and few different first words: threads meet in the same places all the time.
    const count = 16_384;
    const ids = random.bytes(32 * count);
    for (let i = 0; i < count; i++) ids.writeUInt32LE(random.below(2048) * 8, 32 * i);
    const table = ChunkTable.create(count);
    const start = new SharedArrayBuffer(4);
    const steps = [1, 3, 1];
    new Int32Array(start)[0] = steps.length;
    const script = new URL('./claim-worker.ts', import.meta.url);
    const workers = steps.map((step) => new Worker(script, { workerData: { shared: table.shared, ids, start, step } }));
    const won = (await Promise.all(workers.map((worker) => once(worker, 'message')))).map(([list]) => list as number[]);
    await Promise.all(workers.map((worker) => worker.terminate()));
    const all = won.flat();
    expect(all, `HOLDFAST_SEED=${seed}`).toHaveLength(count);
    expect(new Set(all).size).toBe(count);
    expect(table.count).toBe(count);
  });

  it('knows the chunks of indexes and which blocks are used', () => {
    const ids = random.bytes(32 * 100);
    const table = ChunkTable.create(1000);
    table.load(indexOf(ids, 10), 5);
    const used = new Uint8Array(20);
    expect(table.claim(idAt(ids, 3), used)).toBe(false);
    expect(table.use(idAt(ids, 14), used)).toBe(true);
    expect([...used.entries()].filter(([, mark]) => mark === 1).map(([block]) => block)).toEqual([8, 9]);
    expect(table.use(random.bytes(32), used)).toBe(false);
    expect(table.count).toBe(100);
  });

  it('keeps the first copy of a chunk that several packs hold', () => {
    const ids = random.bytes(32);
    const table = ChunkTable.create(10);
    table.load(indexOf(ids, 1), 2);
    table.load(indexOf(ids, 1), 7);
    const used = new Uint8Array(10);
    table.use(ids, used);
    expect([...used]).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('claims what it does not know and then knows it', () => {
    const table = ChunkTable.create(10);
    const [id, used] = [random.bytes(32), new Uint8Array(4)];
    expect([table.claim(id, used), table.claim(id, used), table.use(id, used)]).toEqual([true, false, true]);
    expect([...used]).toEqual([0, 0, 0, 0]);
  });

  it('grows to twice its size with all it knows', () => {
    const loaded = random.bytes(32 * 20_000);
    const claimed = random.bytes(32 * 5_000);
    let table = ChunkTable.create(10_000);
    table.load(indexOf(loaded, 100), 0);
    expect(table.crowded).toBe(false);
    for (let i = 0; i < 5_000; i++) table.claim(idAt(claimed, i));
    expect(table.crowded).toBe(true);
    const before = table.shared.byteLength;
    table = table.grown();
    expect(table.shared.byteLength).toBeLessThan(2 * before);
    expect(table.shared.byteLength).toBeGreaterThan(1.9 * before);
    expect([table.crowded, table.count]).toEqual([false, 25_000]);
    for (let i = 0; i < 20_000; i += 97) {
      const used = new Uint8Array(100);
      expect(table.use(idAt(loaded, i), used)).toBe(true);
      expect(used.indexOf(1)).toBe(i % 100);
    }
    for (let i = 0; i < 5_000; i++) expect(table.claim(idAt(claimed, i))).toBe(false);
  });
});
