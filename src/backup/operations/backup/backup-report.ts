import type { Clock } from '../../../shared/clock.ts';
import type { SnapshotBody } from '../../format/bodies.ts';
import type { OperationContext } from '../../ports.ts';
import type { BackupResult } from '../../types.ts';

const MAX_WARNINGS = 100;
const PROGRESS_EVERY_MS = 100;

/** Counts what a backup does, and tells whoever watches. */
export class BackupReport {
  readonly files = { new: 0, changed: 0, unmodified: 0 };
  directories = 0;
  others = 0;
  /** Logical bytes of the snapshot. */
  bytes = 0;
  /** Read so far of a large file, which `bytes` counts when it is complete. */
  underWay = 0;
  chunks = 0;
  read = 0;
  added = 0;
  unreadable = 0;
  readonly warnings: string[] = [];
  warningCount = 0;
  readonly #unreadableFolders = new Set<string>();
  readonly #context: OperationContext;
  readonly #clock: Clock;
  readonly #phase: string;
  #lastProgress = 0;
  /** Progress only ever grows, whatever files do while they are read. */
  #toldBytes = 0;

  constructor(context: OperationContext, clock: Clock, phase = 'backup') {
    this.#phase = phase;
    this.#context = context;
    this.#clock = clock;
  }

  warn(message: string): void {
    this.warningCount++;
    if (this.warnings.length < MAX_WARNINGS) this.warnings.push(message);
    this.#context.onWarning?.(message);
  }

  /** Something about the repository and not about what is backed up: the snapshot does not carry it. */
  advise(message: string): void {
    this.#context.onWarning?.(message);
  }

  vanished(path: string): void {
    this.warn(`${path} vanished while it was being read.`);
  }

  unreadableFile(path: string, code: string): void {
    this.unreadable++;
    this.warn(`${path} could not be read (${code}) and is not in this backup.`);
  }

  /** What can be seen of the folder from outside is in the backup. */
  unreadableFolder(path: string, code: string): void {
    // Neither its attributes nor its list: one folder all the same.
    if (this.#unreadableFolders.has(path)) return;
    this.#unreadableFolders.add(path);
    this.unreadable++;
    this.warn(
      `${path === '' ? 'The folder itself' : path} could not be read (${code}); not all of it is in this backup.`,
    );
  }

  /** What the snapshot says of its size. */
  totals(): SnapshotBody['totals'] {
    const { directories, others, bytes, chunks } = this;
    return { files: this.#seen, directories, others, bytes, chunks };
  }

  /** What the operation gives once the snapshot is there. */
  result(id: string, { parent, source, time, run }: SnapshotBody, durationMs: number): BackupResult {
    return {
      snapshot: id,
      parent,
      source,
      time,
      files: { ...this.files },
      directories: this.directories,
      bytes: this.bytes,
      bytesRead: this.read,
      bytesAdded: this.added,
      bytesStored: run.stored,
      warnings: this.warnings,
      unreadable: this.unreadable,
      durationMs: Math.round(durationMs),
    };
  }

  get #seen(): number {
    return this.files.new + this.files.changed + this.files.unmodified;
  }

  /** Tells the state now and then. `current` is made only when it is told. */
  progress(current: () => string): void {
    if (this.#context.onProgress === undefined) return;
    const now = this.#clock.monotonic();
    if (now - this.#lastProgress < PROGRESS_EVERY_MS) return;
    this.#lastProgress = now;
    this.#toldBytes = Math.max(this.#toldBytes, this.bytes + this.underWay);
    this.#context.onProgress({ phase: this.#phase, files: this.#seen, bytes: this.#toldBytes, current: current() });
  }
}
