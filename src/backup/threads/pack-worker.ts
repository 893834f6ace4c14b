import { closeSync, openSync, writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { systemCode } from '../../shared/errors.ts';
import { systemRandom } from '../../shared/random.ts';
import { openPosix } from '../posix/open-posix.ts';
import type { FromPacker, ToPacker } from './pack-jobs.ts';
import { Packer } from './packer.ts';

/** A packing thread: a Packer behind a message port. */

let packer: Packer | undefined;
/** Work that was sent before the failure was known must not go on with a pack that is not whole. */
let failed = false;

function send(message: FromPacker, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

function handle(message: ToPacker): void {
  if (message.type === 'setup') {
    packer = new Packer(message.setup, {
      files: { openSync, writeSync, closeSync },
      posix: openPosix({ native: message.setup.posix }),
      random: systemRandom,
      // The records are a buffer of their own, which the packer has no more use for.
      onPack: ({ path, index }) => send({ type: 'pack', path, index }, [index.records.buffer as ArrayBuffer]),
    });
    return;
  }
  if (packer === undefined) throw new Error('a packing thread was given work before its setup');
  if (failed && message.type !== 'stop') return;
  if (message.type === 'table') packer.useTable(message.table);
  else if (message.type === 'job') send({ type: 'done', number: message.number, result: packer.run(message.job) });
  else if (message.type === 'stop') {
    packer.abandon();
    parentPort?.close();
  } else {
    packer.finish();
    send({ type: 'finished' });
  }
}

parentPort?.on('message', (message: ToPacker) => {
  try {
    handle(message);
  } catch (error) {
    failed = true;
    packer?.abandon();
    send({ type: 'failed', message: error instanceof Error ? error.message : String(error), code: systemCode(error) });
  }
});

send({ type: 'ready' });
