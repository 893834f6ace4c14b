import { parentPort, workerData } from 'node:worker_threads';
import { ChunkTable } from '../../../src/backup/threads/chunk-table.ts';

/** Claims every ID once, in its own order, as soon as all threads are there; reports which ones it was given. */
const { shared, ids, start, step } = workerData as {
  shared: SharedArrayBuffer;
  ids: Uint8Array;
  start: SharedArrayBuffer;
  step: number;
};
const table = ChunkTable.attach(shared);
const count = ids.length / 32;
const gate = new Int32Array(start);
Atomics.sub(gate, 0, 1);
while (Atomics.load(gate, 0) > 0);
const won: number[] = [];
for (let i = 0; i < count; i++) {
  const at = (i * step) % count;
  if (table.claim(ids.subarray(32 * at, 32 * at + 32))) won.push(at);
}
parentPort?.postMessage(won);
