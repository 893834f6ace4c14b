import type { Readable, Writable } from 'node:stream';
import type { OperationContext } from './ports.ts';
import type {
  BackupRequest,
  BackupResult,
  DiffResult,
  ForgetRequest,
  ForgetResult,
  FoundEntry,
  KeySlotInfo,
  ListedEntry,
  PruneRequest,
  PruneResult,
  RepositoryStats,
  RestoreRequest,
  RestoreResult,
  RetentionPolicy,
  SnapshotFacts,
  SnapshotFilter,
  SnapshotSummary,
  VerifyRequest,
  VerifyResult,
} from './types.ts';

/**
 * The engine as the commands see it: one open repository and everything that can be done with it. `openRepository` and
 * `createRepository` of `index.ts` give one. Every method rejects with a HoldfastError whose code is in `ERROR_EXITS`.
 *
 * `id` arguments are full snapshot IDs, unambiguous prefixes of at least 4 digits, or `latest` (never a safety backup).
 */
export interface Engine {
  readonly location: string;
  readonly repositoryId: string;
  readonly fingerprint: string;
  /** The plain files for people that the repository was made with, such as the rescue program: SHA-256 in hexadecimal by name. */
  readonly plainFiles: Readonly<Record<string, string>>;
  /** Found while opening: recovered restores, damaged configuration copies, a rolled-back history ... */
  readonly warnings: readonly string[];
  /** Resolves once the repository is open; rejects with what openRepository would. */
  opened(): Promise<void>;

  backup(request: BackupRequest, context?: OperationContext): Promise<BackupResult>;
  /** Newest first. `policy` fills `kept`. Warns of snapshots that were seen before and are gone, or are there and cannot be read. */
  list(filter?: SnapshotFilter, policy?: RetentionPolicy, context?: OperationContext): Promise<SnapshotSummary[]>;
  find(id: string, options?: { at?: string | undefined; source?: string | undefined }): Promise<SnapshotSummary>;
  /** What snapshots remember, newest first. */
  facts(): Promise<SnapshotFacts[]>;
  /** Entries below `path` (the whole tree when absent), in manifest order. `recursive` false lists one level. */
  entries(id: string, options?: { path?: string; recursive?: boolean }): AsyncIterable<ListedEntry>;
  /** Lines of `sha256sum -c`, exact also for names with newlines, backslashes and raw bytes. */
  sha256sums(id: string): AsyncIterable<Buffer>;
  /** Entries whose name matches a glob, over all (or the filtered) snapshots, newest first. */
  search(pattern: string, filter?: SnapshotFilter): AsyncIterable<FoundEntry>;
  diff(a: string, b: string, context?: OperationContext): Promise<DiffResult>;
  restore(request: RestoreRequest, context?: OperationContext): Promise<RestoreResult>;
  verify(request: VerifyRequest, context?: OperationContext): Promise<VerifyResult>;
  forget(request: ForgetRequest, context?: OperationContext): Promise<ForgetResult>;
  prune(request: PruneRequest, context?: OperationContext): Promise<PruneResult>;
  pin(id: string, reason?: string): Promise<SnapshotSummary>;
  unpin(id: string, reason?: string): Promise<SnapshotSummary>;
  tag(id: string, change: { add?: string[]; remove?: string[]; set?: string[] }): Promise<SnapshotSummary>;
  /** Writes a tar stream, compressed as asked. */
  exportTar(
    id: string,
    output: Writable,
    options: { format: 'tar' | 'tar.gz' | 'tar.zst'; paths?: string[] },
    context?: OperationContext,
  ): Promise<{ snapshot: string; files: number; bytes: number; warnings: string[] }>;
  /** Reads `.tar`, `.tar.gz`, `.tar.zst` (by content). */
  importTar(
    input: Readable,
    options: { source: string; tags?: string[]; host?: string; time?: string },
    context?: OperationContext,
  ): Promise<BackupResult>;
  /** Copies snapshots to a repository with other keys. */
  copy(
    ids: string[],
    target: Engine,
    context?: OperationContext,
  ): Promise<{ copied: { from: string; to: string }[]; skipped: string[]; bytesStored: number; durationMs: number }>;
  /** Makes another store an object-by-object twin of this repository. */
  mirror(
    target: string,
    context?: OperationContext,
  ): Promise<{ objects: number; copied: number; deleted: number; bytes: number; durationMs: number }>;
  keys(): Promise<KeySlotInfo[]>;
  addKey(passphrase: string, label: string): Promise<KeySlotInfo>;
  removeKey(slotId: string): Promise<KeySlotInfo>;
  /** Replaces the slot that opened this repository. */
  changePassphrase(passphrase: string): Promise<KeySlotInfo>;
  repairIndex(
    context?: OperationContext,
  ): Promise<{ packs: number; chunks: number; salvaged: string[]; damaged: string[]; durationMs: number }>;
  stats(): Promise<RepositoryStats>;
  /** Puts a page on how to recover beside the backups, in the clear, and removes all but the newest few. Gives its name in the store. */
  putRunbook(page: Uint8Array): Promise<string>;
  /** Free bytes where the repository lies, or undefined where that cannot be told. */
  freeBytes(): Promise<number | undefined>;
  /** Bytes of all objects of the repository. */
  usedBytes(): Promise<number>;
  /** Ends what runs in the background (heartbeats, threads). Safe to call twice. */
  close(): Promise<void>;
}

export interface OpenRequest {
  /** A folder, `file:` URL, or `memory:NAME` in tests. */
  location: string;
  /** Asked for once, and only when it is needed. */
  passphrase: () => Promise<string> | string;
  /** Label of the first key slot when creating. */
  label?: string;
  /**
   * Gives the engine before the passphrase has been worked on, so that a backup begins to read its source meanwhile. A wrong passphrase then
   * shows at the first operation; `warnings` and the IDs are empty until `opened`.
   */
  early?: boolean;
  /** What is read while the passphrase is worked on: the index, and what is known of snapshots (`catalog`). Of a large repository the index is large. */
  ahead?: 'all' | 'catalog' | 'nothing';
}
