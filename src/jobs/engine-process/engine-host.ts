import { setPriority } from 'node:os';
import type { Engine } from '../../backup/engine.ts';
import { openRepository } from '../../backup/index.ts';
import type { OperationContext } from '../../backup/ports.ts';
import { systemClock } from '../../shared/clock.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { createScrubber } from '../../shared/scrub.ts';
import { scrubError } from '../../shared/scrub-error.ts';
import { packError, unpackError } from '../../shared/sent-error.ts';
import type { FromEngine, StreamMethod, ToEngine } from './messages.ts';

/** The program of an engine process: one open repository, worked on at the request of the process that started it. It ends with that one. */

const BATCH = 200;
/** Below the bot's own priority, so that it stays quick while both cores are busy. */
const BACKGROUND_NICENESS = 10;
/** Progress comes by the thousand; people read a few a second. */
const PROGRESS_EVERY_MS = 200;
/** How long a stopped operation may take to clean up. */
const LAST_WORDS_MS = 20_000;

const calls = new Map<number, AbortController>();
const streams = new Map<number, AsyncIterator<unknown>>();
let engine: Engine | undefined;

const scrub = createScrubber();

function send(message: FromEngine): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

async function open({ location, passphrase, background }: Extract<ToEngine, { type: 'open' }>): Promise<void> {
  scrub.add(passphrase);
  if (background) setPriority(BACKGROUND_NICENESS);
  try {
    engine = await openRepository({ location, passphrase: () => passphrase });
  } catch (error) {
    send({ type: 'refused', error: packError(error) });
    process.disconnect();
    return;
  }
  const { repositoryId, fingerprint, plainFiles, warnings } = engine;
  send({
    type: 'opened',
    location: engine.location,
    repositoryId,
    fingerprint,
    plainFiles: { ...plainFiles },
    warnings: [...warnings],
  });
}

async function call({ id, method, args, contextAt }: Extract<ToEngine, { type: 'call' }>): Promise<void> {
  const controller = new AbortController();
  calls.set(id, controller);
  try {
    const given = [...args];
    if (contextAt !== undefined) given[contextAt] = contextOf(id, controller.signal);
    const run = opened()[method] as (...values: unknown[]) => Promise<unknown>;
    send({ type: 'result', id, value: await run.apply(engine, given) });
  } catch (error) {
    send({ type: 'error', id, error: packError(error) });
  } finally {
    calls.delete(id);
  }
}

function contextOf(id: number, signal: AbortSignal): OperationContext {
  let lastMs = Number.NEGATIVE_INFINITY;
  let phase: string | undefined;
  return {
    signal,
    onProgress(event) {
      const now = systemClock.monotonic();
      if (event.phase === phase && now - lastMs < PROGRESS_EVERY_MS) return;
      lastMs = now;
      phase = event.phase;
      send({ type: 'progress', id, event });
    },
    onWarning: (message) => send({ type: 'warning', id, message }),
  };
}

function begin(id: number, method: StreamMethod, args: readonly unknown[]): void {
  try {
    const run = opened()[method] as (...values: unknown[]) => AsyncIterable<unknown>;
    streams.set(id, run.apply(engine, [...args])[Symbol.asyncIterator]());
  } catch (error) {
    send({ type: 'error', id, error: packError(error) });
  }
}

async function next(id: number): Promise<void> {
  const iterator = streams.get(id);
  if (iterator === undefined) return;
  try {
    const items: unknown[] = [];
    let done = false;
    while (!done && items.length < BATCH) {
      const step = await iterator.next();
      if (step.done) done = true;
      else items.push(step.value);
    }
    if (done) streams.delete(id);
    send({ type: 'items', id, items, done });
  } catch (error) {
    streams.delete(id);
    send({ type: 'error', id, error: packError(error) });
  }
}

async function abort(id: number, reason: Error): Promise<void> {
  calls.get(id)?.abort(reason);
  const iterator = streams.get(id);
  streams.delete(id);
  await iterator?.return?.();
}

function opened(): Engine {
  if (engine !== undefined) return engine;
  throw new HoldfastError('internal', 'The repository is not open');
}

/** Stops everything and ends. A restore that is stopped puts back what was there. */
async function end(): Promise<void> {
  setTimeout(() => process.exit(1), LAST_WORDS_MS).unref();
  for (const controller of calls.values()) controller.abort(new HoldfastError('interrupted', 'The bot has ended'));
  while (calls.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await engine?.close();
  process.exit(0);
}

function take(message: ToEngine): Promise<void> | void {
  switch (message.type) {
    case 'open':
      return open(message);
    case 'call':
      return call(message);
    case 'stream':
      return begin(message.id, message.method, message.args);
    case 'next':
      return next(message.id);
    case 'abort':
      return abort(message.id, unpackError(message.reason));
    case 'close':
      return end();
  }
}

/** Told by the bot, which knows all secrets: Node would print the error as it is. */
function crash(error: unknown): void {
  const { name, message, stack } = scrubError(error, scrub);
  const told: FromEngine = { type: 'crashed', error: { name, message, stack } };
  const end = (): never => process.exit(1);
  if (process.connected) process.send?.(told, undefined, undefined, end);
  else end();
}

process.on('uncaughtException', crash);
process.on('message', (message: ToEngine) => void take(message));
process.on('disconnect', () => void end());
// A terminal's Ctrl-C reaches every process of the group: the bot decides what it means.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
