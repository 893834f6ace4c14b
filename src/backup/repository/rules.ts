/**
 * The ordering rules of docs/FORMAT.md section 13, each of which the protocol needs. All of them hold in every build; the
 * interleaving test switches one off at a time to prove that it would notice.
 */
export interface ProtocolRules {
  /** Writer, 6: after the snapshot is stored, its chunks are checked again before it is confirmed. */
  checkAfterSnapshot: boolean;
  /** Writer, 4 to 7: `gc/` is read first and `packs/` listed afterwards. */
  marksBeforePacks: boolean;
  /** A copy counts only while its listed size is the one that the index gives. */
  checkPackSize: boolean;
  /** Collector, 3: nothing is deleted before its mark is older than the grace. */
  waitForGrace: boolean;
  /** Collector, 3: sessions older than a mark are waited for, so that readers keep what they read. */
  waitForSessions: boolean;
  /** Collector, 4: what is deleted is settled before the snapshots are listed. */
  freezeBeforeSnapshots: boolean;
  /** Collector, 5: snapshots are listed first and indexes read afterwards. */
  snapshotsBeforeIndexes: boolean;
  /** Collector, 5: the trailers of packs that no run covers are read. */
  readTrailers: boolean;
  /** Collector, 6: every used chunk has a live copy before anything is deleted. */
  checkUsedChunks: boolean;
  /** Collector, 6: snapshots that are not confirmed count as used. */
  keepUnconfirmed: boolean;
  /** Collector, 7: packs are deleted first and the mark is declared done afterwards. */
  deleteBeforeDone: boolean;
  /** Collector, 8: marks stay for a grace after they are done. */
  keepDoneMarks: boolean;
  /** Compaction: runs are deleted only when unmarked runs cover what they cover. */
  checkIndexCover: boolean;
  /** Compaction: entries are dropped only when their pack is marked and no longer listed. */
  dropOnlyMarkedPacks: boolean;
  /** Forget: the note comes first and the snapshot goes afterwards. */
  noteBeforeForget: boolean;
}

export const ALL_RULES: Readonly<ProtocolRules> = {
  checkAfterSnapshot: true,
  marksBeforePacks: true,
  checkPackSize: true,
  waitForGrace: true,
  waitForSessions: true,
  freezeBeforeSnapshots: true,
  snapshotsBeforeIndexes: true,
  readTrailers: true,
  checkUsedChunks: true,
  keepUnconfirmed: true,
  deleteBeforeDone: true,
  keepDoneMarks: true,
  checkIndexCover: true,
  dropOnlyMarkedPacks: true,
  noteBeforeForget: true,
};
