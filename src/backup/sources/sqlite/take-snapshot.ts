import { type BigIntStats, statSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { type ByteString, fromByteString, toFsPath } from '../../../shared/bytes.ts';
import { findDamage } from './check-database.ts';
import { outcomeOfError } from './outcome-of-error.ts';
import type { SnapshotJob, SnapshotOutcome } from './snapshot-jobs.ts';

/** Pages in one step. The read transaction keeps a step from starting over, so steps only set how soon a limit is noticed. */
const STEP_PAGES = 8192;
const RETRY_MS = 25;
/**
 * How often a journal may look left behind before it is taken for that. While a writer that keeps its journal file (PERSIST, TRUNCATE) commits, a
 * reader that may not write can find the journal's content without the lock that goes with it.
 */
const HOT_LOOKS = 8;

/** Ends a backup between two steps. */
class Stop extends Error {
  readonly outcome: SnapshotOutcome;

  constructor(outcome: SnapshotOutcome) {
    super(outcome.kind);
    this.outcome = outcome;
  }
}

/** Copies a database through SQLite's online backup, or recovers the copy that is there, and checks it. For a thread of its own: most of it blocks. */
export async function takeSnapshot(job: SnapshotJob, stopped: () => boolean): Promise<SnapshotOutcome> {
  try {
    if (job.source !== undefined) await copyThroughBackup(job.source as ByteString, job, stopped);
    return finishCopy(job.target);
  } catch (error) {
    return error instanceof Stop ? error.outcome : outcomeOfError(error);
  }
}

async function copyThroughBackup(path: ByteString, job: SnapshotJob, stopped: () => boolean): Promise<void> {
  const before = statWal(path);
  const source = new DatabaseSync(fromByteString(path), { readOnly: true, timeout: 0 });
  try {
    await beginRead(source, job.busyMs, stopped);
    const startBytes = Number(statWal(path)?.size ?? 0n);
    const progress = () => {
      if (stopped()) throw new Stop({ kind: 'stopped' });
      const grownBytes = Number(statWal(path)?.size ?? 0n) - startBytes;
      if (grownBytes > job.walGrowthBytes) throw new Stop({ kind: 'growing', grownBytes });
    };
    await backup(source, job.target, { rate: STEP_PAGES, progress });
  } finally {
    source.close();
    removeOwnLog(path, before);
  }
}

/**
 * Opens a read transaction: from here on the source stands still for us. Without it every commit of another process would make the backup
 * start over. With a rollback journal writers wait until it ends; with a write-ahead log they go on and the log grows.
 */
async function beginRead(source: DatabaseSync, busyMs: number, stopped: () => boolean): Promise<void> {
  let hotLooks = 0;
  for (let waited = 0; ; waited += RETRY_MS) {
    if (stopped()) throw new Stop({ kind: 'stopped' });
    try {
      source.exec('BEGIN');
      source.prepare('SELECT 1 FROM sqlite_master LIMIT 1').get();
      return;
    } catch (error) {
      if (source.isTransaction) source.exec('ROLLBACK');
      const { kind } = outcomeOfError(error);
      const passes = kind === 'busy' || (kind === 'needs-recovery' && ++hotLooks < HOT_LOOKS);
      if (!passes || waited >= busyMs) throw error;
    }
    await delay(RETRY_MS);
  }
}

/**
 * Reading creates an empty `-wal` (and `-shm`) where the last writer took them away just before, and a reader leaves them behind. A writer that
 * has nothing to write removes them again, which SQLite does safely whoever else is there.
 */
function removeOwnLog(path: ByteString, before: BigIntStats | undefined): void {
  const now = statWal(path);
  if (now === undefined || now.size > 0n || now.ino === before?.ino) return;
  try {
    const writer = new DatabaseSync(fromByteString(path), { timeout: 0 });
    try {
      writer.prepare('SELECT 1 FROM sqlite_master LIMIT 1').get();
    } finally {
      writer.close();
    }
  } catch {
    // Someone else uses the log by now, so it is theirs.
  }
}

function statWal(path: ByteString): BigIntStats | undefined {
  return statSync(toFsPath(`${path}-wal` as ByteString), { bigint: true, throwIfNoEntry: false });
}

/**
 * Rolls the copy forward or back to what was committed, checks it, and leaves it as one file in rollback-journal mode: a file in WAL mode cannot
 * be opened where its folder cannot be written.
 */
function finishCopy(path: string): SnapshotOutcome {
  const copy = new DatabaseSync(path);
  try {
    // It is a scratch file: whether it survives a power cut is of no interest.
    copy.exec('PRAGMA synchronous = OFF');
    copy.exec('PRAGMA journal_mode = DELETE');
    const damage = findDamage(copy);
    return damage === undefined ? { kind: 'done' } : { kind: 'damaged', message: damage };
  } finally {
    copy.close();
  }
}
