import { isNoSpace } from '../../../shared/errors.ts';
import type { SnapshotOutcome } from './snapshot-jobs.ts';

/** Primary result codes of https://www.sqlite.org/rescode.html; extended codes have more in the bits above. */
const OUTCOMES: Readonly<Record<number, SnapshotOutcome['kind']>> = {
  5: 'busy', // SQLITE_BUSY
  6: 'busy', // SQLITE_LOCKED
  8: 'needs-recovery', // SQLITE_READONLY
  11: 'damaged', // SQLITE_CORRUPT
  13: 'no-space', // SQLITE_FULL
  14: 'needs-recovery', // SQLITE_CANTOPEN
  15: 'busy', // SQLITE_PROTOCOL: others were faster too often
  26: 'damaged', // SQLITE_NOTADB
};

/** What an error that node:sqlite threw means for a snapshot. */
export function outcomeOfError(error: unknown): SnapshotOutcome {
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { errcode?: unknown }).errcode;
  const kind = isNoSpace(error) ? 'no-space' : typeof code === 'number' ? OUTCOMES[code & 0xff] : undefined;
  if (kind === 'damaged' || kind === 'needs-recovery') return { kind, message };
  if (kind === 'busy' || kind === 'no-space') return { kind };
  return { kind: 'failed', message };
}
