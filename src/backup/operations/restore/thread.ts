import { parentPort } from 'node:worker_threads';
import { openPosix } from '../../posix/open-posix.ts';
import { describeFailure } from './failures.ts';
import type { FromThread, ToThread } from './jobs.ts';
import { Restorer } from './restorer.ts';

/** A restoring thread: a Restorer behind a message port. */

let restorer: Restorer | undefined;

parentPort?.on('message', (message: ToThread) => {
  if (message.type === 'setup') {
    restorer = new Restorer(message.setup, openPosix({ native: message.setup.posix }));
    return;
  }
  if (message.type === 'close') {
    // Descriptors belong to the whole process: nobody else would close them.
    restorer?.close();
    parentPort?.close();
    return;
  }
  parentPort?.postMessage(answer(message));
});

function answer({ number, job }: Extract<ToThread, { type: 'job' }>): FromThread {
  try {
    if (restorer === undefined) throw new Error('a restoring thread was given work before its setup');
    return { type: 'done', number, result: restorer.run(job) };
  } catch (error) {
    return { type: 'failed', number, error: describeFailure(error, restorer?.path) };
  }
}
