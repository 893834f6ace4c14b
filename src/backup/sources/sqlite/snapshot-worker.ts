import { parentPort, workerData } from 'node:worker_threads';
import type { SnapshotJob } from './snapshot-jobs.ts';
import { takeSnapshot } from './take-snapshot.ts';

/** The thread in which SQLite works, so that the caller's goes on. Any message stops it. */

let stopped = false;
parentPort?.once('message', () => {
  stopped = true;
});
parentPort?.unref();
parentPort?.postMessage(await takeSnapshot(workerData as SnapshotJob, () => stopped));
