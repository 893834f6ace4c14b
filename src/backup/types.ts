/**
 * What the engine's operations take and give. Results are plain data: they are what `--json` prints.
 * Sizes are bytes, durations milliseconds, times ISO 8601 in UTC. Names of files are printable text
 * (control characters and invalid UTF-8 escaped) unless said otherwise.
 */

export type SnapshotStatus = 'completed' | 'completed_with_warnings' | 'unfinished' | 'broken' | 'lost';
export type Trigger = 'manual' | 'schedule' | 'api' | 'system' | 'pre-restore' | 'pre-migration' | 'import' | 'copy';
export type VerifyDepth = 'quick' | 'checksums' | 'deep' | 'restored';

export interface SnapshotSummary {
  id: string;
  time: string;
  source: string;
  host: string;
  paths: string[];
  tags: string[];
  kind: string;
  trigger: Trigger;
  /** Schedules that it satisfies: `hourly`, `daily` ... */
  classes: string[];
  status: SnapshotStatus;
  parent: string | null;
  files: number;
  directories: number;
  /** Logical bytes. */
  size: number;
  /** Bytes that this backup added to the repository. */
  stored: number;
  durationMs: number;
  warnings: number;
  pinned: boolean;
  /** Why it is pinned, empty where nobody said; null where it is not. */
  pinReason: string | null;
  /** The retention rules that keep it, e.g. `last 3`, `daily for 30 d`; `pinned`; empty when no policy was asked for. */
  kept: string[];
  verified: { depth: VerifyDepth; time: string; damaged: number } | null;
}

/** What a snapshot remembers of its source and of whoever took it, as it was written: another program may have put anything there. */
export interface SnapshotFacts {
  snapshot: string;
  time: string;
  source: string;
  host: string;
  /** It was taken on this machine. */
  here: boolean;
  facts: Record<string, unknown>;
}

export interface SnapshotFilter {
  tag?: string | undefined;
  source?: string | undefined;
  host?: string | undefined;
  kind?: string | undefined;
  trigger?: string | undefined;
  status?: string | undefined;
  verified?: boolean | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

/** What is kept of one source. Every rule only adds. */
export interface RetentionRuleSet {
  last?: number;
  hourly?: number;
  daily?: number;
  weekly?: number;
  monthly?: number;
  yearly?: number;
  /** Durations in milliseconds back from the newest snapshot: all, or one for each hour, day ... */
  within?: number;
  withinHourly?: number;
  withinDaily?: number;
  withinWeekly?: number;
  withinMonthly?: number;
  withinYearly?: number;
  /** All that have one of these. */
  tags?: string[];
  /** All that were made for a reason, such as `pre-migration`, for so many milliseconds back from the newest snapshot. */
  triggers?: Record<string, number>;
  /** All that a schedule of this class asked for, such as `daily`, for so many milliseconds back from the newest snapshot. */
  classes?: Record<string, number>;
  /** IANA zone of the buckets; UTC when absent. */
  timeZone?: string;
}

export interface RetentionPolicy extends RetentionRuleSet {
  /** In place of all these rules, for sources of these names. */
  sources?: Record<string, RetentionRuleSet>;
}

export interface BackupRequest {
  /** Exactly one of paths, stdin, command. Paths are absolute or relative to the process's folder. */
  paths?: string[];
  stdin?: { name: string; stream: AsyncIterable<Uint8Array> };
  command?: { name: string; argv: string[] };
  /** Name of the source; defaults to the absolute path, the stdin name or the command's name. */
  source?: string;
  tags?: string[];
  host?: string;
  /** Overrides the snapshot's time (ISO 8601). */
  time?: string;
  trigger?: Trigger;
  /** Schedules that it satisfies. */
  classes?: string[];
  /** More to remember with the snapshot: plain JSON values. What the engine itself notes goes first. */
  facts?: Record<string, unknown>;
  /** `.gitignore` syntax, relative to each path. */
  exclude?: string[];
  excludeFiles?: string[];
  excludeCaches?: boolean;
  oneFileSystem?: boolean;
  maxFileSizeBytes?: number;
  /** Read everything again, whatever the parent says. */
  force?: boolean;
  /** Reads no faster on average. */
  bytesPerSecond?: number;
  /** Ends with `storage_full` before it stores more than this. */
  maxStoredBytes?: number;
}

export interface BackupResult {
  snapshot: string;
  parent: string | null;
  source: string;
  time: string;
  files: { new: number; changed: number; unmodified: number };
  directories: number;
  /** Logical bytes of the whole snapshot. */
  bytes: number;
  bytesRead: number;
  /** Content that was new to the repository, before compression. */
  bytesAdded: number;
  /** What it took in the repository. */
  bytesStored: number;
  warnings: string[];
  /** Files that could not be read (exit 3). Vanished files are warnings only. */
  unreadable: number;
  durationMs: number;
}

export type SafetyMode = 'backup' | 'keep-old' | 'none';

export interface RestoreRequest {
  /** ID, unambiguous prefix of at least 4 digits, or `latest`. */
  snapshot: string;
  /** With `latest`: the newest not after this time. */
  at?: string;
  source?: string;
  /** Where to; `inPlace` restores to the paths that were backed up. Exactly one. */
  to?: string;
  inPlace?: boolean;
  /** Paths inside the snapshot; everything when absent. */
  paths?: string[];
  apply?: boolean;
  check?: boolean;
  /** Remove what the snapshot does not have. */
  delete?: boolean;
  keepGoing?: boolean;
  safety?: SafetyMode;
  noOwner?: boolean;
  noSetuid?: boolean;
  devices?: boolean;
}

export interface ChangeCount {
  files: number;
  directories: number;
  others: number;
  bytes: number;
}

export interface RestorePlanItem {
  action: 'add' | 'change' | 'delete' | 'metadata';
  path: string;
  type: string;
  size: number;
}

export interface RestoreResult {
  snapshot: string;
  time: string;
  target: string;
  applied: boolean;
  added: ChangeCount;
  changed: ChangeCount;
  deleted: ChangeCount;
  unchanged: ChangeCount;
  /** Bytes that are (or would be) written. */
  bytes: number;
  /** The first items of the plan; `itemsTotal` tells how many there are. */
  items: RestorePlanItem[];
  itemsTotal: number;
  /** Snapshot that holds what the target held before. */
  safetySnapshot: string | null;
  /** Where the old content was kept, with `keep-old`. */
  keptOld: string | null;
  /** With keepGoing: what could not be restored. */
  damaged: DamagedObject[];
  /** Metadata that this machine could not restore, in words. */
  losses: string[];
  /** Stable over plan and apply: what a confirmation is bound to. */
  planHash: string;
  warnings: string[];
  durationMs: number;
}

export interface DamagedObject {
  /** Name in the store. */
  object: string;
  /** `pack`, `index`, `snapshot`, `note`, `key`, `config`, `header`, `mark`, `session`, `plain`, `history`. */
  kind: string;
  /** What is wrong, in words. */
  problem: string;
  /** Files that are affected: `SNAPSHOT8:path`, printable. */
  files: string[];
  filesTotal: number;
}

export interface VerifyRequest {
  snapshot?: string;
  depth?: 'quick' | 'checksums' | 'deep';
  /** Share of the packs to read, 0 < n <= 1. */
  sample?: number;
}

export interface VerifyResult {
  depth: VerifyDepth;
  objects: number;
  packs: number;
  snapshots: number;
  chunks: number;
  bytes: number;
  damaged: DamagedObject[];
  /** Not damage, but worth knowing: unfinished snapshots, unindexed packs ... */
  notices: string[];
  durationMs: number;
}

export interface ForgetRequest {
  snapshots?: string[];
  policy?: RetentionPolicy;
  filter?: SnapshotFilter;
  dryRun?: boolean;
}

export interface ForgetResult {
  dryRun: boolean;
  forgotten: SnapshotSummary[];
  kept: SnapshotSummary[];
  warnings: string[];
}

export interface PruneRequest {
  graceMs?: number;
  dryRun?: boolean;
  /** Go on although more than a fifth of the repository would go. */
  force?: boolean;
}

export interface PruneResult {
  dryRun: boolean;
  /** Packs deleted now and their bytes. */
  deletedPacks: number;
  freedBytes: number;
  /** Marked for deletion: freed by a prune after `freedAfter`. */
  markedPacks: number;
  markedBytes: number;
  freedAfter: string | null;
  rewrittenBytes: number;
  indexRuns: { before: number; after: number };
  waitingFor: string[];
  warnings: string[];
  durationMs: number;
}

export interface ListedEntry {
  path: string;
  type: string;
  mode: string;
  uid: number;
  gid: number;
  user: string | null;
  group: string | null;
  size: number;
  mtime: string;
  target: string | null;
  sha256: string | null;
}

export interface FoundEntry extends ListedEntry {
  snapshot: string;
  snapshotTime: string;
}

export interface DiffResult {
  from: string;
  to: string;
  items: {
    change: 'added' | 'removed' | 'modified' | 'metadata' | 'type';
    path: string;
    type: string;
    size: number;
    sizeBefore: number;
  }[];
  itemsTotal: number;
  added: ChangeCount;
  removed: ChangeCount;
  modified: ChangeCount;
}

export interface KeySlotInfo {
  id: string;
  label: string;
  /** True for the slot that opened this repository. */
  current: boolean;
  copies: number;
}

export interface RepositoryStats {
  location: string;
  id: string;
  fingerprint: string;
  formatVersion: number;
  snapshots: number;
  packs: number;
  packBytes: number;
  chunks: number;
  /** Sum of all chunks before compression. */
  chunkBytes: number;
  /** Logical size of all snapshots together. */
  logicalBytes: number;
  indexRuns: number;
  indexBytes: number;
  /** packBytes / chunkBytes. */
  compressionRatio: number;
  /** logicalBytes / chunkBytes. */
  deduplicationRatio: number;
  freeBytes: number | null;
}
