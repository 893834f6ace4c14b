import type { Engine } from '../../backup/engine.ts';
import type { OperationContext } from '../../backup/ports.ts';
import type { BackupResult } from '../../backup/types.ts';
import type { ConfiguredSource } from '../../config/config.ts';
import type { SourceCare } from '../../config/unattended.ts';
import type { EventSink } from '../../notify/event.ts';
import { abortError } from '../../shared/abort.ts';
import type { Clock } from '../../shared/clock.ts';
import { formatDuration } from '../../shared/durations.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { RandomSource } from '../../shared/random.ts';
import type { RunRecord } from '../../state/unattended-records.ts';
import type { RunHistory } from '../run-history.ts';
import type { SourceRunRequest, SourceRuns } from '../source-runs.ts';
import { outOfRoom, type Room } from '../watch/storage-room.ts';
import type { HookFacts, HookTime } from './hook-runner.ts';
import { begunRun, errorIn, failedRun, takenRun } from './run-record.ts';
import { tryAgain } from './try-again.ts';

export interface SourceRunnerParts {
  sources: readonly ConfiguredSource[];
  care: Readonly<Record<string, SourceCare>>;
  /** How often a backup is tried again after what may pass by itself. */
  retries: number;
  /** A repository for one attempt, in a process of its own. */
  openRepository: () => Promise<{ engine: Engine; close: () => Promise<void> }>;
  /** @throws HoldfastError `storage_full` */
  roomFor: (repository: Engine) => Promise<Room | undefined>;
  runHook: (source: string, time: HookTime, facts: HookFacts, signal?: AbortSignal) => Promise<void>;
  /** Looks at what a run tells of its source and of the repository. Its own failures are its own. */
  watch: (run: RunRecord, repository: Engine | undefined) => Promise<void>;
  history: RunHistory;
  clock: Clock;
  random: RandomSource;
  sink: EventSink;
  /** Takes secrets out of what is remembered of a failure. */
  scrub: (text: string) => string;
}

/** Phases in which nothing of the source was read yet, so that the run could not even begin. */
const OPENING = 'opening the repository';
const BEFORE_READING: readonly string[] = [OPENING];
/** What the engine calls the phase in which it reads. */
const ENGINE_READS = 'backup';

/** One backup of a configured source from its hook before to the event that tells how it ended; see `SourceRuns`. */
export class SourceRunner implements SourceRuns {
  readonly #parts: SourceRunnerParts;

  constructor(parts: SourceRunnerParts) {
    this.#parts = parts;
  }

  async run(request: SourceRunRequest, context: OperationContext): Promise<BackupResult> {
    const { history, clock } = this.#parts;
    const { source, care } = this.#find(request.source);
    const record = begunRun(request, this.#now());
    await history.add(record);
    const limit = timeLimit(context.signal, care.timeoutMs, clock);
    const run = new Run(this.#parts, { source, care, request, record, context: { ...context, signal: limit.signal } });
    try {
      const result = await run.take();
      Object.assign(record, takenRun(result));
      return result;
    } catch (error) {
      Object.assign(record, failedRun(error, run.phase, { asked: context.signal, scrub: this.#parts.scrub }));
      throw error;
    } finally {
      limit.end();
      await this.#finish(run, record, request);
    }
  }

  /** Nothing here may keep the outcome from being told. */
  async #finish(run: Run, record: RunRecord, { due }: SourceRunRequest): Promise<void> {
    const { history, sink, watch } = this.#parts;
    await run.after();
    record.ended = this.#now();
    const { error, source, classes, started, status } = record;
    const saved = history.change(record.id, record);
    if (status === 'failed' && error !== null && BEFORE_READING.includes(error.phase)) {
      sink.happened({ kind: 'not_started', source, classes, due: due ?? started, error });
    } else sink.happened({ kind: 'run', run: structuredClone(record) });
    await saved;
    await watch(record, run.repository);
    await run.close();
  }

  #find(name: string): { source: ConfiguredSource; care: SourceCare } {
    const source = this.#parts.sources.find((one) => one.name === name);
    const care = this.#parts.care[name];
    if (source !== undefined && care !== undefined) return { source, care };
    throw new HoldfastError('usage', `There is no source ${JSON.stringify(name)}`, {
      advice: `There are: ${this.#parts.sources.map((one) => one.name).join(', ')}.`,
    });
  }

  #now(): string {
    return new Date(this.#parts.clock.now()).toISOString();
  }
}

interface RunOptions {
  source: ConfiguredSource;
  care: SourceCare;
  request: SourceRunRequest;
  record: RunRecord;
  context: OperationContext;
}

/** One run on its way. */
class Run {
  readonly #parts: SourceRunnerParts;
  readonly #options: RunOptions;
  #opened: { engine: Engine; close: () => Promise<void> } | undefined;
  /** What it does, or was doing when it failed. */
  phase = 'starting';

  constructor(parts: SourceRunnerParts, options: RunOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Open after a backup that was taken. */
  get repository(): Engine | undefined {
    return this.#opened?.engine;
  }

  async take(): Promise<BackupResult> {
    const { retries, clock, random, scrub } = this.#parts;
    const { signal } = this.#options.context;
    try {
      await this.#hook('before', signal);
      return await tryAgain(() => this.#attempt(), {
        retries,
        clock,
        random,
        signal,
        onRetry: ({ message }, waitMs) =>
          this.#tell(scrub(`trying again in ${formatDuration(waitMs)}: ${message}`), { stays: true }),
      });
    } catch (error) {
      throw signal?.aborted ? abortError(signal) : error;
    }
  }

  /** Runs the hook after; its failure is an event of its own, and not one of the backup. */
  async after(): Promise<void> {
    const { sink } = this.#parts;
    const { care, source } = this.#options;
    if (care.hooks.after === undefined) return;
    const hook = { task: 'hook', source: source.name } as const;
    try {
      await this.#hook('after', undefined);
      sink.happened({ kind: 'task_works', ...hook });
    } catch (error) {
      sink.happened({ kind: 'maintenance_failed', ...hook, error: errorIn('after hook', error) });
    }
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.close().catch(() => {});
  }

  async #attempt(): Promise<BackupResult> {
    const { openRepository, roomFor } = this.#parts;
    const { source, care, request, context } = this.#options;
    this.#tell(OPENING);
    this.#opened = await openRepository();
    const { engine } = this.#opened;
    let room: Room | undefined;
    try {
      context.signal?.throwIfAborted();
      this.#tell('looking for room');
      room = await roomFor(engine);
      this.#tell('reading');
      return await engine.backup(
        {
          paths: [...source.paths],
          exclude: [...source.exclude],
          source: source.name,
          trigger: request.trigger,
          classes: [...request.classes],
          tags: [...request.tags],
          ...(request.force && { force: true }),
          ...(care.bytesPerSecond !== undefined && { bytesPerSecond: care.bytesPerSecond }),
          ...(room !== undefined && { maxStoredBytes: room.bytes }),
        },
        { ...context, onProgress: (event) => this.#progress(event) },
      );
    } catch (error) {
      await this.close();
      throw isOutOfRoom(error, room) ? outOfRoom(room) : error;
    }
  }

  #progress(event: Parameters<NonNullable<OperationContext['onProgress']>>[0]): void {
    const phase = event.phase === ENGINE_READS ? 'reading' : event.phase;
    this.phase = phase;
    this.#options.context.onProgress?.({ ...event, phase });
  }

  async #hook(time: HookTime, signal: AbortSignal | undefined): Promise<void> {
    const { source, care, record } = this.#options;
    if (care.hooks[time] === undefined) return;
    if (time === 'before') this.#tell('before hook');
    const facts = { HOLDFAST_SOURCE: source.name, HOLDFAST_TRIGGER: record.trigger };
    await this.#parts.runHook(
      source.name,
      time,
      time === 'before' ? facts : { ...facts, ...outcomeFacts(record) },
      signal,
    );
  }

  #tell(phase: string, { stays = false } = {}): void {
    if (!stays) this.phase = phase;
    this.#options.context.onProgress?.({ phase });
  }
}

function outcomeFacts({ status, snapshot, error }: RunRecord): Partial<HookFacts> {
  return {
    HOLDFAST_STATUS: status,
    ...(snapshot !== null && { HOLDFAST_SNAPSHOT: snapshot }),
    ...(error !== null && { HOLDFAST_ERROR: error.message }),
  };
}

/** The engine was ended by the limit that it was given, and not by a full disk. */
function isOutOfRoom(error: unknown, room: Room | undefined): room is Room {
  return (
    room !== undefined &&
    error instanceof HoldfastError &&
    error.code === 'storage_full' &&
    error.details.limitBytes === room.bytes
  );
}

/** A signal that aborts with another, or when the time is over. */
function timeLimit(
  asked: AbortSignal | undefined,
  timeoutMs: number,
  clock: Clock,
): { signal: AbortSignal; end: () => void } {
  const late = new AbortController();
  const ended = new AbortController();
  clock.sleep(timeoutMs, ended.signal, { background: true }).then(
    () =>
      late.abort(
        new HoldfastError('timed_out', `The backup took longer than ${formatDuration(timeoutMs)} and was ended`, {
          advice: 'Raise `timeout` of the source, or find out why it takes so long.',
        }),
      ),
    () => {},
  );
  const signal = asked === undefined ? late.signal : AbortSignal.any([asked, late.signal]);
  return { signal, end: () => ended.abort(new Error('ended')) };
}
