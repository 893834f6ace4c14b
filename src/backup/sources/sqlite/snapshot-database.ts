import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { abortError, throwIfAborted } from '../../../shared/abort.ts';
import { type ByteString, toFsPath } from '../../../shared/bytes.ts';
import { HoldfastError, isNoSpace, systemCode } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import { runSnapshotJob } from './run-snapshot-job.ts';
import type { SnapshotOutcome } from './snapshot-jobs.ts';
import { copyWhileStill } from './still-copy.ts';

export interface SnapshotLimits {
  /** How long to wait while others hold the database exclusively. */
  busyMs: number;
  /** How much the source's write-ahead log may grow meanwhile: it cannot be cut while the copy reads. */
  walGrowthBytes: number;
}

export interface SnapshotOptions {
  /** Raw bytes: an absolute path, or one below `/proc/self/fd/N`. */
  path: ByteString;
  /** An existing folder with room for the database. */
  scratchFolder: string;
  signal?: AbortSignal | undefined;
  limits?: SnapshotLimits;
}

export interface DatabaseSnapshot {
  /** The copy: one file, complete in itself, readable by this user alone. */
  path: string;
  sizeBytes: number;
  /** Removes the copy. */
  remove(): Promise<void>;
}

const LIMITS: SnapshotLimits = { busyMs: 5_000, walGrowthBytes: 2 ** 30 };
const ATTEMPTS = 3;
/** Offset and value of the byte in the header that says that a write-ahead log is in use (https://www.sqlite.org/fileformat2.html). */
const READ_VERSION_OFFSET = 19;
const READ_VERSION_WAL = 2;

/**
 * Copies an SQLite database in its last committed state while others may be writing to it. The source is only read: its bytes stay, and nothing
 * is left beside it that was not there before. Rejects with
 * - `damaged`: it is no database or a broken one; a copy of its bytes may be all that is to be had,
 * - `locked` (retryable): others held it, or wrote, without a pause for longer than the limits allow,
 * - `storage_full`: the scratch folder is full; `not_found`, `unreadable`; the signal's error.
 */
export async function snapshotDatabase(options: SnapshotOptions): Promise<DatabaseSnapshot> {
  throwIfAborted(options.signal);
  const folder = await mkdtemp(join(options.scratchFolder, 'sqlite-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  const target = join(folder, 'copy');
  try {
    const outcome = await copyTo(target, options);
    if (outcome.kind !== 'done') throw errorOf(outcome, options);
    return { path: target, sizeBytes: (await stat(target)).size, remove };
  } catch (error) {
    await remove();
    throw asHoldfastError(error, options);
  }
}

async function copyTo(target: string, options: SnapshotOptions): Promise<SnapshotOutcome> {
  const { path, signal, limits = LIMITS } = options;
  const recover = async (): Promise<SnapshotOutcome> =>
    (await copyWhileStill(path, target, signal)) ? runSnapshotJob({ target, ...limits }, signal) : { kind: 'busy' };
  if (await lacksLog(path)) {
    const outcome = await recover();
    if (outcome.kind !== 'busy') return outcome;
    await rm(target, { force: true });
  }
  // What looked like a crash may have been a writer at work, so its files do not stand still: look again.
  for (let attempt = 1; ; attempt++) {
    const outcome = await runSnapshotJob({ source: path, target, ...limits }, signal);
    if (outcome.kind !== 'needs-recovery') return outcome;
    const recovered = await recover();
    if (recovered.kind !== 'busy' || attempt === ATTEMPTS) return recovered;
    await rm(target, { force: true });
  }
}

/**
 * True for a database in WAL mode whose log or index is missing: nobody has it open, or one process has it to itself. SQLite would have to create
 * the missing files to read it.
 */
async function lacksLog(path: ByteString): Promise<boolean> {
  const file = await open(toFsPath(path), 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, READ_VERSION_OFFSET);
    if (buffer[0] !== READ_VERSION_WAL) return false;
  } finally {
    await file.close();
  }
  const exist = await Promise.all(['-wal', '-shm'].map((suffix) => exists(`${path}${suffix}` as ByteString)));
  return exist.includes(false);
}

async function exists(path: ByteString): Promise<boolean> {
  try {
    await stat(toFsPath(path));
    return true;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return false;
  }
}

function errorOf(outcome: Exclude<SnapshotOutcome, { kind: 'done' }>, options: SnapshotOptions): Error {
  const name = shownName(options);
  switch (outcome.kind) {
    case 'stopped':
      return abortError(options.signal as AbortSignal);
    case 'damaged':
      return new HoldfastError('damaged', `The SQLite database '${name}' is damaged: ${outcome.message}.`, {
        advice: "Run 'PRAGMA integrity_check' on it and repair it, or restore an earlier backup of it.",
      });
    case 'busy':
      return new HoldfastError('locked', `The SQLite database '${name}' is locked by another program.`, {
        advice: 'Back it up when that program pauses, or let the program release its locks (locking_mode=NORMAL).',
        retryable: true,
      });
    case 'growing':
      return new HoldfastError(
        'locked',
        `The SQLite database '${name}' was written to so fast that its log grew by ${Math.ceil(outcome.grownBytes / 2 ** 20)} MiB during the copy.`,
        { advice: 'Back it up at a quieter time, or to a faster scratch folder.', retryable: true },
      );
    case 'no-space':
      return storageFull(options);
    default:
      return new HoldfastError('unreadable', `The SQLite database '${name}' could not be copied: ${outcome.message}.`, {
        advice: 'Check that its folder can be read and that the disk is healthy.',
      });
  }
}

function asHoldfastError(error: unknown, options: SnapshotOptions): unknown {
  if (error instanceof HoldfastError) return error;
  if (options.signal?.aborted) return abortError(options.signal);
  if (isNoSpace(error)) return storageFull(options);
  const code = systemCode(error);
  if (code === undefined) return error;
  const name = shownName(options);
  if (code === 'ENOENT') return new HoldfastError('not_found', `'${name}' is gone.`, { cause: error });
  return new HoldfastError('unreadable', `'${name}' could not be read: ${code}.`, { cause: error });
}

function storageFull(options: SnapshotOptions): HoldfastError {
  const message = `There is no room for a copy of '${shownName(options)}' in ${options.scratchFolder}.`;
  return new HoldfastError('storage_full', message, { advice: 'Free space there, or choose another scratch folder.' });
}

function shownName({ path }: SnapshotOptions): string {
  return printableName(path.slice(path.lastIndexOf('/') + 1) as ByteString);
}
