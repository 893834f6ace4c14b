import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { HoldfastError, systemCode } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import { type Compression, compress } from '../../archive/compress.ts';
import { type TarMember, writeTar } from '../../archive/pax-writer.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import { DATA } from '../../format/pack-index.ts';
import type { OperationContext } from '../../ports.ts';
import { ChunkReader } from '../../repository/chunk-reader.ts';
import { isDamage } from '../../repository/damage.ts';
import type { ManifestReader } from '../../repository/manifest-reader.ts';
import type { Repository } from '../../repository/repository.ts';
import { openManifest } from '../browse/open-manifest.ts';
import { whileReading } from '../reading-session.ts';
import { LinkGroups } from './link-groups.ts';
import { ExportSelection } from './selection.ts';

export interface ExportRequest {
  id: string;
  /** Left open: the caller ends it. */
  output: Writable;
  format: 'tar' | 'tar.gz' | 'tar.zst';
  /** Everything where absent. */
  paths?: readonly string[];
}

export interface ExportResult {
  snapshot: string;
  files: number;
  /** Logical bytes of the files' content; hard links count once. */
  bytes: number;
  warnings: string[];
}

const COMPRESSIONS: Readonly<Record<ExportRequest['format'], Compression>> = {
  tar: 'none',
  'tar.gz': 'gzip',
  'tar.zst': 'zstd',
};
const PROGRESS_EVERY_MS = 100;

/**
 * Writes a snapshot, or some paths of it, as an archive that GNU tar restores exactly. The list of files is read whole before the first byte is
 * written, so that damage to it is found early.
 *
 * @throws HoldfastError `damaged`, naming object and file, `not_found` for a path, `failed` where the output was closed
 */
export async function exportTar(
  repository: Repository,
  request: ExportRequest,
  context: OperationContext = {},
): Promise<ExportResult> {
  const chunks = new ChunkReader(repository);
  const { record, manifest } = await openManifest(repository, request.id, chunks);
  return whileReading(repository, { operation: 'export', snapshots: [record.id] }, async () => {
    const selection = await ExportSelection.of(manifest, request.paths ?? []);
    const run = new ExportRun(repository, chunks, manifest, selection, context);
    const archive = await run.archive();
    await send(compress(archive, COMPRESSIONS[request.format]), request.output, context.signal);
    return { snapshot: record.id, files: run.files, bytes: run.bytes, warnings: run.warnings };
  });
}

class ExportRun {
  files = 0;
  bytes = 0;
  readonly warnings: string[] = [];
  readonly #repository: Repository;
  readonly #chunks: ChunkReader;
  readonly #manifest: ManifestReader;
  readonly #selection: ExportSelection;
  readonly #context: OperationContext;
  readonly #groups = new LinkGroups();
  #totalFiles = 0;
  #totalBytes = 0;
  #lastProgress = Number.NEGATIVE_INFINITY;

  constructor(
    repository: Repository,
    chunks: ChunkReader,
    manifest: ManifestReader,
    selection: ExportSelection,
    context: OperationContext,
  ) {
    this.#repository = repository;
    this.#chunks = chunks;
    this.#manifest = manifest;
    this.#selection = selection;
    this.#context = context;
  }

  /** Looks through what is to be exported; gives the archive, whose contents are read as it is consumed. */
  async archive(): Promise<AsyncGenerator<Buffer>> {
    for await (const entry of this.#selection.entries()) {
      this.#context.signal?.throwIfAborted();
      this.#groups.note(entry);
      if (entry.type !== 'file') continue;
      this.#totalFiles++;
      if (entry.hardlink === undefined) this.#totalBytes += entry.size;
    }
    return writeTar(this.#members(), {
      onWarning: ({ path, message }) => this.#warn(path === '' ? message : `${printableName(path)}: ${message}`),
    });
  }

  async *#members(): AsyncGenerator<TarMember> {
    for await (const found of this.#selection.entries()) {
      this.#context.signal?.throwIfAborted();
      const entry = this.#groups.place(found);
      this.#tell(entry);
      if (entry.type !== 'file') yield { entry };
      else {
        this.files++;
        yield entry.hardlink === undefined ? { entry, content: this.#content(entry) } : { entry };
      }
    }
  }

  async *#content(entry: StoredEntry): AsyncGenerator<Buffer> {
    try {
      for await (const run of this.#manifest.chunkRuns(entry)) {
        for (const { id } of run) {
          this.#context.signal?.throwIfAborted();
          yield await this.#chunks.read(DATA, id);
        }
      }
    } catch (error) {
      throw isDamage(error) ? damagedFile(entry, error) : error;
    }
    this.bytes += entry.size;
  }

  #warn(message: string): void {
    this.warnings.push(message);
    this.#context.onWarning?.(message);
  }

  #tell(entry: StoredEntry): void {
    const now = this.#repository.clock.monotonic();
    if (this.#context.onProgress === undefined || now - this.#lastProgress < PROGRESS_EVERY_MS) return;
    this.#lastProgress = now;
    this.#context.onProgress({
      phase: 'export',
      files: this.files,
      bytes: this.bytes,
      totalFiles: this.#totalFiles,
      totalBytes: this.#totalBytes,
      current: printableName(entry.path),
    });
  }
}

function damagedFile(entry: StoredEntry, cause: HoldfastError): HoldfastError {
  const name = printableName(entry.path);
  return new HoldfastError('damaged', `${name} cannot be exported: ${cause.message}`, {
    cause,
    advice: 'Run verify to see what is affected, and export other paths with --path.',
    details: { ...cause.details, file: name },
  });
}

/** Writes at the pace at which the output takes. */
async function send(
  pieces: AsyncIterable<Uint8Array>,
  output: Writable,
  signal: AbortSignal | undefined,
): Promise<void> {
  let failure: Error | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
  };
  const close = (): void => fail(Object.assign(new Error('it was closed'), { code: 'EPIPE' }));
  output.once('error', fail).once('close', close);
  try {
    for await (const piece of pieces) {
      if (failure !== undefined) throw failure;
      if (!output.write(piece)) await drained(output, signal);
    }
    // The last bytes may still be on their way, and fail there.
    await new Promise<void>((resolve, reject) =>
      output.write('', (problem) => (problem ? reject(problem) : resolve())),
    );
  } catch (found) {
    signal?.throwIfAborted();
    const error = failure ?? found;
    throw systemCode(error) === 'EPIPE' ? closedOutput(error) : error;
  } finally {
    output.off('error', fail).off('close', close);
  }
}

/** Also resolves when the output breaks, which the caller has heard of by then. */
async function drained(output: Writable, signal: AbortSignal | undefined): Promise<void> {
  if (output.destroyed) return;
  const done = new AbortController();
  const either = signal === undefined ? done.signal : AbortSignal.any([done.signal, signal]);
  const waiting = ['drain', 'close'].map((event) => once(output, event, { signal: either }));
  for (const wait of waiting) wait.catch(() => {});
  try {
    await Promise.race(waiting);
  } finally {
    done.abort();
  }
}

function closedOutput(cause: unknown): HoldfastError {
  return new HoldfastError('failed', 'The output was closed before the whole archive was written.', {
    cause,
    advice: 'Let the program that reads it read to the end.',
  });
}
