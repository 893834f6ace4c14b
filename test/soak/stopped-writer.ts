import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ByteRange, ObjectInfo, SpooledFile, Store } from '../../src/backup/ports.ts';
import { StoreWrapper } from '../../src/backup/stores/store-wrapper.ts';
import { HoldfastError } from '../../src/shared/errors.ts';
import { ManualClock } from '../helpers/manual-clock.ts';
import { MemoryScene } from './any-store.ts';

/** A day and more: by then a session that has shown nothing has ended. */
const PAST_LEASE_MS = 25 * 3600 * 1000;

export interface StoppedWriterResult {
  /** Moments at which the writer was stopped. */
  stops: number;
  /** The writer said that it was done, or refused clearly. */
  reported: number;
  refused: number;
  deletedPacks: number;
  harm: string[];
}

/**
 * Stops a backup before each of its calls to the store in turn, lets its lease run out, forgets and prunes all that it leans on while
 * somebody else stores the same content again, and lets it go on. What it then reports must restore.
 */
export async function stopWriterEverywhere(seed: number, step = 1): Promise<StoppedWriterResult> {
  const result: StoppedWriterResult = { stops: 0, reported: 0, refused: 0, deletedPacks: 0, harm: [] };
  for (let call = 1; ; call += step) {
    const scene = await MemoryScene.make(seed);
    try {
      if (!(await stopOnce(scene, call, result))) return result;
      result.harm.push(...(await scene.harm()).map((line) => `stopped at call ${call}: ${line}`));
    } finally {
      scene.remove();
    }
  }
}

async function stopOnce(scene: MemoryScene, call: number, result: StoppedWriterResult): Promise<boolean> {
  const gate = new Gate(call);
  // Its own clock stands still with it: no heartbeat while it is stopped.
  const clock = new ManualClock(scene.clock.now());
  const writer = scene.engine((store) => new GatedStore(store, gate), clock);
  const writing = scene.backup(writer).then(
    () => 'reported' as const,
    (error: unknown) => {
      if (error instanceof HoldfastError && error.code === 'failed') return 'refused' as const;
      result.harm.push(`stopped at call ${call}: ${error instanceof Error ? error.stack : error}`);
      return undefined;
    },
  );
  const stopped = await Promise.race([gate.reached.then(() => true), writing.then(() => false)]);
  if (stopped) {
    result.stops++;
    await scene.clock.advance(PAST_LEASE_MS);
    const forgotten = await meanwhile(scene, result);
    // What was complete before the writer was stopped may be given up like any other; it only reports late.
    void writing.then(() => {
      for (const id of forgotten) scene.reported.delete(id);
    });
    await clock.advance(PAST_LEASE_MS + 60_000);
    gate.open();
  }
  const outcome = await writing;
  if (outcome !== undefined) result[outcome]++;
  await writer.close();
  return stopped;
}

/**
 * Another host gives up all that there is, but for a snapshot of other content, and prunes; then it stores the same content again. Gives what
 * was given up.
 */
async function meanwhile(scene: MemoryScene, result: StoppedWriterResult): Promise<string[]> {
  const other = scene.engine();
  const nothing = join(scene.folder, 'nothing');
  mkdirSync(nothing, { recursive: true });
  const kept = await other.backup({ paths: [nothing], source: scene.source });
  const going = (await other.list()).filter(({ id, status }) => id !== kept.snapshot && status === 'completed');
  for (const { id } of going) {
    await other.forget({ snapshots: [id] });
    scene.reported.delete(id);
  }
  await scene.clock.advance(1000);
  result.deletedPacks += (await other.prune({ graceMs: 0, force: true })).deletedPacks;
  await scene.backup(other);
  await scene.clock.advance(1000);
  result.deletedPacks += (await other.prune({ graceMs: 0, force: true })).deletedPacks;
  await other.close();
  return going.map(({ id }) => id);
}

/** Holds up whoever comes with the call of a number, until it is opened. */
class Gate {
  readonly #at: number;
  #calls = 0;
  readonly #reached = Promise.withResolvers<void>();
  readonly #opened = Promise.withResolvers<void>();

  constructor(at: number) {
    this.#at = at;
  }

  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  open(): void {
    this.#opened.resolve();
  }

  /** All calls from that one on wait: the whole process stands still. */
  async pass(): Promise<void> {
    if (++this.#calls < this.#at) return;
    this.#reached.resolve();
    await this.#opened.promise;
  }
}

class GatedStore extends StoreWrapper {
  readonly #gate: Gate;

  constructor(inner: Store, gate: Gate) {
    super(inner);
    this.#gate = gate;
  }

  override async list(prefix: string, signal?: AbortSignal): Promise<ObjectInfo[]> {
    await this.#gate.pass();
    return this.inner.list(prefix, signal);
  }

  override async get(name: string, range?: ByteRange, signal?: AbortSignal): Promise<Buffer> {
    await this.#gate.pass();
    return this.inner.get(name, range, signal);
  }

  override async put(name: string, body: Uint8Array | SpooledFile, signal?: AbortSignal): Promise<void> {
    await this.#gate.pass();
    await this.inner.put(name, body, signal);
  }

  override async delete(name: string, signal?: AbortSignal): Promise<void> {
    await this.#gate.pass();
    await this.inner.delete(name, signal);
  }

  override async stat(name: string, signal?: AbortSignal): Promise<{ size: number } | undefined> {
    await this.#gate.pass();
    return this.inner.stat(name, signal);
  }
}
