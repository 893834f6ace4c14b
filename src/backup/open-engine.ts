import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../shared/clock.ts';
import type { Engine } from './engine.ts';
import type { BackupEnvironment } from './operations/backup/backup.ts';
import type { OperationContext, Store } from './ports.ts';
import { releasingMemory } from './posix/release-memory.ts';
import type { HeadMemory } from './repository/history.ts';
import type { Repository } from './repository/repository.ts';
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

/** What the engine is composed of, besides the repository. */
export interface EngineParts extends Omit<BackupEnvironment, 'repository' | 'heads'> {
  store: Store;
  clock: Clock;
  heads(repositoryId: string): HeadMemory;
  /** The plain files that a repository of this program holds: rescue and the format's description. */
  plainFiles?(): Promise<{ name: string; bytes: Buffer }[]>;
}

/**
 * One open repository. Every operation's module is loaded when it is first asked for, so that a short command does not pay for the others. The
 * repository may still be opening when operations are called; backup and restore make use of that.
 */
export class OpenEngine implements Engine {
  readonly #parts: EngineParts;
  readonly #opening: Promise<Repository>;
  #repository: Repository | undefined;
  #recovered: string[] = [];
  #changedSlot: string | undefined;

  constructor(parts: EngineParts, opening: Promise<Repository>) {
    this.#parts = parts;
    this.#opening = this.#finishOpening(opening);
    // Whoever calls an operation sees the failure; until then nobody does.
    this.#opening.catch(() => {});
  }

  get location(): string {
    return this.#parts.store.location;
  }

  get repositoryId(): string {
    return this.#repository?.id ?? '';
  }

  get fingerprint(): string {
    return this.#repository?.fingerprint ?? '';
  }

  get plainFiles(): Readonly<Record<string, string>> {
    return this.#repository?.config.files ?? {};
  }

  get warnings(): readonly string[] {
    return [...(this.#repository?.warnings ?? []), ...this.#recovered];
  }

  async opened(): Promise<void> {
    await this.#opening;
  }

  async backup(request: BackupRequest, context?: OperationContext): Promise<BackupResult> {
    const { backup } = await import('./operations/backup/backup.ts');
    const heads = {
      load: async () => (await this.#heads()).load(),
      save: async (found: Parameters<HeadMemory['save']>[0]) => (await this.#heads()).save(found),
    };
    return releasingMemory(() => backup({ ...this.#parts, heads, repository: this.#opening }, request, context));
  }

  async list(
    filter?: SnapshotFilter,
    policy?: RetentionPolicy,
    context?: OperationContext,
  ): Promise<SnapshotSummary[]> {
    const { listSnapshots } = await import('./operations/list/list.ts');
    return listSnapshots(await this.#opening, { filter, policy, heads: await this.#heads() }, context);
  }

  async find(
    id: string,
    options: { at?: string | undefined; source?: string | undefined } = {},
  ): Promise<SnapshotSummary> {
    const { findSnapshot } = await import('./operations/list/list.ts');
    return findSnapshot(await this.#opening, { id, ...options });
  }

  async facts(): Promise<SnapshotFacts[]> {
    const { snapshotFacts } = await import('./operations/list/list.ts');
    return snapshotFacts(await this.#opening, this.#parts.host);
  }

  async *entries(id: string, options?: { path?: string; recursive?: boolean }): AsyncIterable<ListedEntry> {
    const { listEntries } = await import('./operations/browse/entries.ts');
    yield* listEntries(await this.#opening, id, options);
  }

  async *sha256sums(id: string): AsyncIterable<Buffer> {
    const { sha256sums } = await import('./operations/browse/sha256sums.ts');
    yield* sha256sums(await this.#opening, id);
  }

  async *search(pattern: string, filter?: SnapshotFilter): AsyncIterable<FoundEntry> {
    const { searchSnapshots } = await import('./operations/browse/search.ts');
    yield* searchSnapshots(await this.#opening, { pattern, filter });
  }

  async diff(a: string, b: string, context?: OperationContext): Promise<DiffResult> {
    const { diffSnapshots } = await import('./operations/browse/diff.ts');
    return diffSnapshots(await this.#opening, a, b, context);
  }

  async restore(request: RestoreRequest, context?: OperationContext): Promise<RestoreResult> {
    const { restore } = await import('./operations/restore/restore.ts');
    const safetyBackup = async (paths: string[], source: string | undefined) =>
      (await this.backup({ paths, source, trigger: 'pre-restore' }, context)).snapshot;
    return releasingMemory(() =>
      restore({ ...this.#parts, repository: this.#opening, safetyBackup }, request, context),
    );
  }

  async verify(request: VerifyRequest, context?: OperationContext): Promise<VerifyResult> {
    const [{ verify }, { startVerifyWorkers }] = await Promise.all([
      import('./operations/verify/verify.ts'),
      import('./threads/verify-pool.ts'),
    ]);
    const workers = startVerifyWorkers(this.#parts.threads);
    const repository = await this.#opening;
    const heads = await this.#heads();
    return releasingMemory(() => verify({ repository, workers, heads }, request, context));
  }

  async forget(request: ForgetRequest): Promise<ForgetResult> {
    const { forget } = await import('./operations/forget.ts');
    return forget(await this.#opening, request);
  }

  async prune(request: PruneRequest, context?: OperationContext): Promise<PruneResult> {
    const { collect } = await import('./repository/collector.ts');
    const repository = await this.#opening;
    return releasingMemory(() => collect(repository, request, context));
  }

  async pin(id: string, reason?: string): Promise<SnapshotSummary> {
    const { setPinned } = await import('./operations/pins.ts');
    return setPinned(await this.#opening, id, true, reason);
  }

  async unpin(id: string, reason?: string): Promise<SnapshotSummary> {
    const { setPinned } = await import('./operations/pins.ts');
    return setPinned(await this.#opening, id, false, reason);
  }

  async tag(id: string, change: { add?: string[]; remove?: string[]; set?: string[] }): Promise<SnapshotSummary> {
    const { changeTags } = await import('./operations/tags.ts');
    return changeTags(await this.#opening, id, change);
  }

  async exportTar(
    id: string,
    output: Writable,
    options: { format: 'tar' | 'tar.gz' | 'tar.zst'; paths?: string[] },
    context?: OperationContext,
  ): Promise<{ snapshot: string; files: number; bytes: number; warnings: string[] }> {
    const { exportTar } = await import('./operations/export/export.ts');
    const repository = await this.#opening;
    return releasingMemory(() => exportTar(repository, { id, output, ...options }, context));
  }

  async importTar(
    input: Readable,
    options: { source: string; tags?: string[]; host?: string; time?: string },
    context?: OperationContext,
  ): Promise<BackupResult> {
    const { importTar } = await import('./operations/import/import.ts');
    const environment = { ...this.#parts, repository: await this.#opening, heads: await this.#heads() };
    return releasingMemory(() => importTar(environment, { input, ...options }, context));
  }

  async copy(
    ids: string[],
    target: Engine,
    context?: OperationContext,
  ): Promise<{ copied: { from: string; to: string }[]; skipped: string[]; bytesStored: number; durationMs: number }> {
    const { copySnapshots } = await import('./operations/copy/copy.ts');
    const other = target as OpenEngine;
    const to = { ...other.#parts, repository: await other.#opening, heads: await other.#heads() };
    const repository = await this.#opening;
    return releasingMemory(() => copySnapshots(repository, to, ids, context));
  }

  async mirror(
    target: string,
    context?: OperationContext,
  ): Promise<{ objects: number; copied: number; deleted: number; bytes: number; durationMs: number }> {
    const { mirror } = await import('./operations/mirror/mirror.ts');
    const { openStore } = await import('./stores/open.ts');
    const store = await openStore(target, { create: true });
    try {
      return await mirror(await this.#opening, store, context);
    } finally {
      await store.close();
    }
  }

  async keys(): Promise<KeySlotInfo[]> {
    const { listKeys } = await import('./operations/keys.ts');
    return listKeys(await this.#opening, await this.#slot());
  }

  async addKey(passphrase: string, label: string): Promise<KeySlotInfo> {
    const { addKey } = await import('./operations/keys.ts');
    return addKey(await this.#opening, { passphrase, label });
  }

  async removeKey(slotId: string): Promise<KeySlotInfo> {
    const { removeKey } = await import('./operations/keys.ts');
    return removeKey(await this.#opening, slotId, await this.#slot());
  }

  async changePassphrase(passphrase: string): Promise<KeySlotInfo> {
    const { changePassphrase } = await import('./operations/keys.ts');
    const slot = await changePassphrase(await this.#opening, { passphrase }, await this.#slot());
    this.#changedSlot = slot.id;
    return slot;
  }

  async repairIndex(
    context?: OperationContext,
  ): Promise<{ packs: number; chunks: number; salvaged: string[]; damaged: string[]; durationMs: number }> {
    const { repairIndex } = await import('./operations/repair-index.ts');
    return repairIndex(await this.#opening, context, await this.#parts.plainFiles?.());
  }

  async stats(): Promise<RepositoryStats> {
    const { repositoryStats } = await import('./operations/stats.ts');
    return repositoryStats(await this.#opening);
  }

  async putRunbook(page: Uint8Array): Promise<string> {
    const { putRunbook } = await import('./operations/put-runbook.ts');
    return putRunbook(await this.#opening, page);
  }

  freeBytes(): Promise<number | undefined> {
    return this.#parts.store.freeBytes();
  }

  async usedBytes(): Promise<number> {
    const objects = await this.#parts.store.list('');
    return objects.reduce((sum, { size }) => sum + size, 0);
  }

  async close(): Promise<void> {
    await this.#opening.catch(() => {});
    await this.#parts.store.close();
  }

  /** The slot that this program opened the repository with, or has since replaced it by. */
  async #slot(): Promise<string> {
    return this.#changedSlot ?? (await this.#opening).slot.id;
  }

  async #heads(): Promise<HeadMemory> {
    return this.#parts.heads((await this.#opening).id);
  }

  /** Finishes or rolls back restores of this machine and changes of key slots that died: whichever command comes next finds every target whole. */
  async #finishOpening(opening: Promise<Repository>): Promise<Repository> {
    const repository = await opening;
    this.#repository = repository;
    if ((await repository.store.list('sessions/')).length === 0) return repository;
    const [{ recoverDeadRestores }, { settleSlots }] = await Promise.all([
      import('./operations/restore/recover-dead.ts'),
      import('./repository/key-slots.ts'),
    ]);
    this.#recovered = await recoverDeadRestores(repository, this.#parts.posix);
    await settleSlots(repository);
    return repository;
  }
}
