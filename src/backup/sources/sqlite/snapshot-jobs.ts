/** What the caller's thread and the SQLite thread say to each other. */

export interface SnapshotJob {
  /** Raw bytes of the database's path as latin1. Absent: what lies at `target` is to be recovered and checked in place. */
  source?: string;
  /** The copy. */
  target: string;
  /** How long to wait while others hold the database. */
  busyMs: number;
  /** How much the source's write-ahead log may grow while the copy holds it. */
  walGrowthBytes: number;
}

export type SnapshotOutcome =
  | { kind: 'done' }
  /** It cannot be read as it stands without writing to its folder: a journal to roll back, a log without its index. */
  | { kind: 'needs-recovery'; message: string }
  | { kind: 'busy' }
  | { kind: 'growing'; grownBytes: number }
  | { kind: 'damaged'; message: string }
  | { kind: 'no-space' }
  | { kind: 'stopped' }
  | { kind: 'failed'; message: string };
