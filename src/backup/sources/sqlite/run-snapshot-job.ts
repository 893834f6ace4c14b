import { Worker } from 'node:worker_threads';
import type { SnapshotJob, SnapshotOutcome } from './snapshot-jobs.ts';

/** Does one job in a thread of its own. Resolves when the thread has let go of all files, after an abort too (as `stopped`). */
export function runSnapshotJob(job: SnapshotJob, signal: AbortSignal | undefined): Promise<SnapshotOutcome> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./snapshot-worker.${extension}`, import.meta.url), {
    workerData: job,
    // Descriptors are shared between threads: none may count them as its own.
    trackUnmanagedFds: false,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const stop = () => worker.postMessage('stop');
  return new Promise((resolve, reject) => {
    let outcome: SnapshotOutcome = { kind: 'failed', message: 'its thread ended by itself' };
    signal?.addEventListener('abort', stop, { once: true });
    worker.once('message', (message: SnapshotOutcome) => {
      outcome = message;
    });
    worker.once('error', reject);
    worker.once('exit', () => {
      signal?.removeEventListener('abort', stop);
      resolve(outcome);
    });
  });
}
