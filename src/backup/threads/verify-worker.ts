import { parentPort } from 'node:worker_threads';
import { Verifier } from './verifier.ts';
import type { FromVerifier, PackJobResult, ToVerifier } from './verify-jobs.ts';

/** A verifying thread: a Verifier behind a message port. */

let verifier: Verifier | undefined;

function handle(message: ToVerifier): void {
  if (message.type === 'setup') {
    verifier = new Verifier(message.setup);
    return;
  }
  if (verifier === undefined) throw new Error('a verifying thread was given work before its setup');
  const result = verifier.run(message.job);
  send({ type: 'done', number: message.number, result }, transferable(result));
}

function send(message: FromVerifier, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

/** What was found is handed over instead of copied. Small buffers share Node's pool, which must stay. */
function transferable(result: PackJobResult): ArrayBuffer[] {
  const records = 'held' in result ? result.held?.records : undefined;
  const isWhole = records !== undefined && records.byteLength === records.buffer.byteLength;
  return isWhole && records.buffer instanceof ArrayBuffer ? [records.buffer] : [];
}

parentPort?.on('message', (message: ToVerifier) => {
  try {
    handle(message);
  } catch (error) {
    send({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
});
