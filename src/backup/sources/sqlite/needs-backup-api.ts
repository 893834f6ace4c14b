/** What a look at a database's files tells. */
export interface SqliteFacts {
  /** Bytes in `-wal` and in `-journal`; 0 where the file is empty or absent. */
  walBytes: number;
  journalBytes: number;
  /** Modification time of the database file, and the time now, both in nanoseconds since 1970. */
  mtimeNs: bigint;
  nowNs: bigint;
}

const SETTLED_NS = 2_000_000_000n;

/**
 * Whether a database must be taken through SQLite's online backup. At rest (nothing in a log or journal, not modified within the last two
 * seconds) its file alone is the whole database and is copied byte for byte. Whoever copies it so asks again when the copy is made: a writer may
 * have come meanwhile.
 */
export function sqliteNeedsBackupApi(facts: SqliteFacts): boolean {
  const inUse = facts.walBytes > 0 || facts.journalBytes > 0;
  return inUse || facts.nowNs - facts.mtimeNs < SETTLED_NS;
}
