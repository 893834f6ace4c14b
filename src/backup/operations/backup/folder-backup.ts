import { type ErrorCode, HoldfastError, isNoSpace, systemCode } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import type { Hole } from '../../entry.ts';
import type { SideRecord } from '../../format/manifest.ts';
import { ONE_CHUNK_BYTES, type StoredEntry } from '../../format/manifest-entry.ts';
import type { OperationContext } from '../../ports.ts';
import type { FileStatus } from '../../posix/file-status.ts';
import type { Owners } from '../../posix/owners.ts';
import { readXattrs } from '../../posix/xattrs.ts';
import type { ManifestReader } from '../../repository/manifest-reader.ts';
import { complete, describe } from '../../sources/folder/describe.ts';
import type { Found } from '../../sources/folder/walk.ts';
import { ContentWriter, type StoredContent } from '../writing/content-writer.ts';
import type { ManifestWriter } from '../writing/manifest-writer.ts';
import type { WritingSession } from '../writing/writing-session.ts';
import type { BackupReport } from './backup-report.ts';
import type { DatabaseCopies, DatabaseCopy } from './database-copies.ts';
import { EntryQueue, type QueuedEntry } from './entry-queue.ts';
import { type BatchedFile, FileBatcher, type FileOutcome } from './file-batcher.ts';
import { NEEDS_LOAD, ParentCursor, type ParentEntry } from './parent-cursor.ts';

export interface FolderBackup {
  session: WritingSession;
  manifest: ManifestWriter;
  report: BackupReport;
  context: OperationContext;
  owners: Owners;
  /** The walk of all roots, in manifest order. */
  walk: Iterable<Found>;
  maxFileSizeBytes: number | undefined;
  /** The snapshot to compare with: unchanged files are taken over from it. */
  parent: { reader: ManifestReader; scanNs: bigint } | undefined;
  databases: DatabaseCopies;
}

/** A database that cannot be copied for these reasons is left out, like any file that cannot be read. */
const SKIPS_ONE_DATABASE: readonly ErrorCode[] = ['locked', 'unreadable', 'not_found', 'permission'];
/** Entries that may wait for an unfinished one: beyond this the batch goes out although it is not full. */
const MAX_QUEUE = 4096;

/** Walks the roots and writes their manifest: a merge of the walk with the parent's manifest. */
export async function backupFolders(job: FolderBackup): Promise<void> {
  await new FolderRun(job).run();
}

class FolderRun {
  readonly #job: FolderBackup;
  readonly #queue: EntryQueue;
  readonly #batcher: FileBatcher;
  readonly #contents: ContentWriter;
  readonly #links = new Map<string, { first: QueuedEntry; left: number }>();
  readonly #again: BatchedFile[] = [];
  #cursor: ParentCursor | undefined;

  constructor(job: FolderBackup) {
    this.#job = job;
    this.#queue = new EntryQueue((entry, side) => {
      job.report.chunks += entry.indirect === true ? 0 : (entry.chunks?.length ?? 0);
      job.manifest.add(entry, side);
    });
    this.#contents = new ContentWriter(job.session);
    this.#batcher = new FileBatcher(
      job.session,
      (file, outcome) => this.#settleFile(file, outcome),
      (result) => {
        job.report.read += result.bytesRead;
        job.report.added += result.bytesAdded;
      },
    );
  }

  async run(): Promise<void> {
    const { parent, walk, context } = this.#job;
    if (parent !== undefined) this.#cursor = new ParentCursor(parent.reader, await parent.reader.fences());
    for (const found of walk) {
      context.signal?.throwIfAborted();
      // Not awaited where there is nothing to wait for: a turn of the event loop for each of a million entries would cost more than the rest.
      const waiting = this.#take(found);
      if (waiting !== undefined) await waiting;
    }
    await this.#batcher.settle();
    await this.#lookAgain();
    this.#queue.drain();
  }

  /** Most entries need no waiting at all, so nothing here is asynchronous until it has to be. */
  #take(found: Found): Promise<void> | undefined {
    const { report } = this.#job;
    report.progress(() => printableName(found.path));
    const old = this.#cursor?.find(found.path);
    if (old === NEEDS_LOAD) return this.#loadAndTake(found);
    if (found.status.type === 'file') return this.#takeFile(found, old);
    if (found.status.type === 'directory') report.directories++;
    else report.others++;
    return this.#takeOther(found, old);
  }

  async #loadAndTake(found: Found): Promise<void> {
    try {
      await this.#cursor?.load(found.path);
    } catch (error) {
      if ((error as { code?: string }).code !== 'damaged') throw error;
      this.#job.report.warn(
        `A part of the parent snapshot cannot be read; everything is read again: ${(error as Error).message}`,
      );
      this.#cursor = undefined;
    }
    await this.#take(found);
  }

  #takeOther(found: Found, old: ParentEntry | undefined): undefined {
    const { session, owners, report } = this.#job;
    const entry: StoredEntry = describe(found, owners);
    try {
      if (this.#isUnchanged(found.status, old)) {
        entry.xattrs = old?.entry.xattrs;
        entry.target = old?.entry.target;
      } else complete(entry, found, session.posix);
    } catch (error) {
      this.#tellProblem(error, found, report);
      return;
    }
    const queued: QueuedEntry = { entry, side: sideOf(found.status), state: 'ready' };
    if (found.status.type !== 'directory' && found.status.nlink > 1)
      queued.linkedTo = this.#linkGroup(found.status, queued);
    this.#queue.push(queued);
  }

  #takeFile(found: Found, old: ParentEntry | undefined): Promise<void> | undefined {
    const { report, owners, maxFileSizeBytes, databases } = this.#job;
    const { status } = found;
    if (maxFileSizeBytes !== undefined && status.size > maxFileSizeBytes) return;
    report.bytes += status.size;
    const queued: QueuedEntry = { entry: describe(found, owners), side: sideOf(status), state: 'waiting' };
    if (status.nlink > 1) {
      queued.linkedTo = this.#linkGroup(status, queued);
      if (queued.linkedTo !== undefined) {
        queued.state = 'ready';
        report.files[old === undefined ? 'new' : 'unmodified']++;
        this.#queue.push(queued);
        return;
      }
    }
    if (databases.hasSidecars(found)) return this.#takeDatabase(found, queued, old);
    if (this.#isUnchanged(status, old) && old !== undefined) return this.#inherit(found, queued, old);
    return this.#store(found, queued, old);
  }

  /** Takes an unchanged file over from the parent, once all its chunks are known to be there. */
  #inherit(found: Found, queued: QueuedEntry, old: ParentEntry): Promise<void> | undefined {
    const { session } = this.#job;
    if (old.entry.indirect === true) return this.#inheritLong(found, queued, old);
    const chunks = old.entry.chunks ?? [];
    for (const { id } of chunks) if (!session.use(id)) return this.#store(found, queued, old);
    this.#takeOver(queued, old);
    return undefined;
  }

  async #inheritLong(found: Found, queued: QueuedEntry, old: ParentEntry): Promise<void> {
    const { session, parent, report } = this.#job;
    const lists = old.entry.chunks ?? [];
    const chunks = (await parent?.reader.chunkList(old.entry)) ?? [];
    const known = [...lists, ...chunks].every(({ id }) => session.use(id));
    if (!known) return this.#store(found, queued, old);
    report.chunks += chunks.length;
    this.#takeOver(queued, old);
  }

  #takeOver(queued: QueuedEntry, { entry }: ParentEntry): void {
    const { size, digest, chunks, indirect, holes, xattrs, viaBackupApi } = entry;
    Object.assign(queued.entry, { size, digest, chunks, indirect, holes, xattrs, viaBackupApi });
    queued.state = 'ready';
    this.#job.report.files.unmodified++;
    this.#queue.push(queued);
  }

  #store(found: Found, queued: QueuedEntry, old: ParentEntry | undefined): Promise<void> | undefined {
    this.#count(queued, old);
    this.#queue.push(queued);
    if (found.status.size > ONE_CHUNK_BYTES) return this.#storeLarge(found, queued);
    let sent: boolean;
    try {
      sent = this.#batcher.add({ found, queued });
    } catch (error) {
      this.#drop(queued, error, found);
      return undefined;
    }
    if (!sent && this.#queue.length >= MAX_QUEUE) this.#batcher.send();
    return sent || this.#queue.length >= MAX_QUEUE ? this.#job.session.ready() : undefined;
  }

  async #storeLarge(found: Found, queued: QueuedEntry): Promise<void> {
    const { session, report } = this.#job;
    const { posix } = session;
    let fd: number;
    try {
      fd = found.folder.with((dir) => session.posix.openForReading(dir, found.name));
    } catch (error) {
      return this.#drop(queued, error, found);
    }
    try {
      const before = posix.status(fd);
      if (before.type !== 'file') return this.#drop(queued, { code: 'ESTALE' }, found);
      const holes = before.blocks * 512 < before.size ? posix.holes(fd, before.size) : [];
      const content = await this.#contents.storeFile(fd, before.size, holes, (bytes) => this.#onRead(bytes, found));
      const shorter = content.length < before.size - sumOf(holes);
      setContent(queued.entry, content, shorter ? content.length : before.size, shorter ? [] : holes);
      if (shorter && holes.length > 0) return this.#drop(queued, { code: 'EAGAIN' }, found);
      const xattrs = readXattrs(posix, fd);
      if (xattrs.length > 0) queued.entry.xattrs = xattrs;
      queued.entry.mtimeNs = before.mtimeNs;
      queued.side = sideOf(before);
      const after = posix.status(fd);
      if (after.mtimeNs !== before.mtimeNs || after.size !== before.size) this.#warnChanged(found);
      report.added += content.added;
      report.chunks += content.indirect ? content.chunkCount : 0;
      queued.state = 'ready';
    } catch (error) {
      if (systemCode(error) === undefined || isNoSpace(error)) throw error;
      return this.#drop(queued, error, found);
    } finally {
      posix.close(fd);
      this.#queue.drain();
    }
  }

  #onRead(bytes: number, found: Found): void {
    this.#job.context.signal?.throwIfAborted();
    this.#job.report.read += bytes;
    this.#job.report.progress(() => printableName(found.path));
  }

  /** A database that somebody may be writing to: taken through its own backup where it is one. */
  async #takeDatabase(found: Found, queued: QueuedEntry, old: ParentEntry | undefined): Promise<void> {
    const { databases, session } = this.#job;
    if (!databases.isDatabase(session.posix, found)) {
      if (this.#isUnchanged(found.status, old) && old !== undefined) return this.#inherit(found, queued, old);
      return this.#store(found, queued, old);
    }
    databases.coverSidecars(found);
    if (!databases.isInUse(session.posix, found)) {
      if (this.#isUnchanged(found.status, old) && old !== undefined) return this.#inherit(found, queued, old);
      return this.#store(found, queued, old);
    }
    this.#count(queued, old);
    this.#queue.push(queued);
    await this.#storeCopy(found, queued);
  }

  async #storeCopy(found: Found, queued: QueuedEntry): Promise<void> {
    const { databases, session, report, context } = this.#job;
    let copy: DatabaseCopy | undefined;
    try {
      copy = await databases.copy(found, context.signal);
    } catch (error) {
      if (!(error instanceof HoldfastError) || !SKIPS_ONE_DATABASE.includes(error.code)) throw error;
      report.warn(error.message);
      return this.#drop(queued, { code: error.code.toUpperCase() }, found);
    }
    if (copy === undefined) {
      report.warn(
        `${printableName(found.path)} could not be copied through SQLite; it is stored byte by byte as it was found.`,
      );
      return this.#storeLarge(found, queued);
    }
    try {
      const content = await this.#contents.storeFile(copy.fd, copy.sizeBytes, [], (bytes) =>
        this.#onRead(bytes, found),
      );
      setContent(queued.entry, content, content.length, []);
      queued.entry.viaBackupApi = true;
      const fd = found.folder.with((dir) => session.posix.openForReading(dir, found.name));
      try {
        const xattrs = readXattrs(session.posix, fd);
        if (xattrs.length > 0) queued.entry.xattrs = xattrs;
      } finally {
        session.posix.close(fd);
      }
      // What lies in the write-ahead log is not seen in the file's own times: read it again next time.
      queued.side = { ...queued.side, ctimeNs: 0n };
      report.added += content.added;
      report.chunks += content.indirect ? content.chunkCount : 0;
      queued.state = 'ready';
    } finally {
      await copy.remove();
      this.#queue.drain();
    }
  }

  #settleFile(file: BatchedFile, outcome: FileOutcome): void {
    const { found, queued } = file;
    if (outcome.kind === 'vanished') this.#drop(queued, { code: 'ENOENT' }, found);
    else if (outcome.kind === 'unreadable') this.#drop(queued, { code: outcome.problem }, found);
    else if (outcome.kind === 'different' || (outcome.detail?.sqlite === true && this.#movedOn(found)))
      this.#again.push(file);
    else this.#setSmall(file, outcome);
    this.#queue.drain();
  }

  #setSmall({ found, queued }: BatchedFile, outcome: Extract<FileOutcome, { kind: 'stored' }>): void {
    const { hasher } = this.#job.session.repository;
    const { entry } = queued;
    const { detail, digest } = outcome;
    if (detail?.xattrs !== undefined)
      entry.xattrs = detail.xattrs.map(({ name, value }) => ({ name, value: Buffer.from(value) }));
    if (detail?.changed !== undefined) {
      entry.size = detail.changed.size;
      entry.mtimeNs = detail.changed.mtimeNs;
      this.#warnChanged(found);
    }
    const holes = detail?.holes ?? [];
    const length = entry.size - sumOf(holes);
    if (entry.size > 0) {
      entry.digest = detail?.logicalDigest === undefined ? digest : Buffer.from(detail.logicalDigest);
      entry.chunks = length > 0 ? [{ id: hasher.id(0, digest), length }] : [];
    }
    if (holes.length > 0) entry.holes = holes;
    queued.state = 'ready';
  }

  /** True when a database that was copied as it lay has been written to meanwhile. */
  #movedOn(found: Found): boolean {
    const { databases, session } = this.#job;
    return databases.isInUse(session.posix, found);
  }

  /** Files that were different from what the walk saw: grown, replaced, or databases that came into use. */
  async #lookAgain(): Promise<void> {
    const { session, databases } = this.#job;
    for (const { found, queued } of this.#again) {
      try {
        const inUse = databases.isDatabase(session.posix, found) && databases.isInUse(session.posix, found);
        if (inUse) await this.#storeCopy(found, queued);
        else await this.#storeLarge(found, queued);
      } catch (error) {
        if (systemCode(error) === undefined || isNoSpace(error)) throw error;
        this.#drop(queued, error, found);
      }
    }
  }

  #warnChanged(found: Found): void {
    this.#job.report.warn(`${printableName(found.path)} changed while it was being read.`);
  }

  #count(queued: QueuedEntry, old: ParentEntry | undefined): void {
    queued.counted = old?.entry.type === 'file' ? 'changed' : 'new';
    this.#job.report.files[queued.counted]++;
  }

  #drop(queued: QueuedEntry, error: unknown, found: Found): void {
    queued.state = 'dropped';
    if (queued.counted !== undefined) {
      this.#job.report.files[queued.counted]--;
      this.#job.report.bytes -= found.status.size;
    }
    this.#tellProblem(error, found, this.#job.report);
    this.#queue.drain();
  }

  #tellProblem(error: unknown, found: Found, report: BackupReport): void {
    const code = systemCode(error);
    if (code === undefined) throw error;
    if (code === 'ENOENT') report.vanished(printableName(found.path));
    else report.unreadableFile(printableName(found.path), code);
  }

  /** The first member of the entry's hard-link group, or undefined when this is it. */
  #linkGroup(status: FileStatus, queued: QueuedEntry): QueuedEntry | undefined {
    const key = `${status.dev} ${status.ino}`;
    const group = this.#links.get(key);
    if (group === undefined) {
      this.#links.set(key, { first: queued, left: status.nlink - 1 });
      return undefined;
    }
    group.left--;
    if (group.left <= 0) this.#links.delete(key);
    return group.first;
  }

  /**
   * Same type, size, times and inode as the parent recorded, and last touched before the parent's scan began: what changes within the
   * granularity of the clock after it was read looks the same.
   */
  #isUnchanged(status: FileStatus, old: ParentEntry | undefined): boolean {
    const { parent } = this.#job;
    if (old?.side === undefined || parent === undefined) return false;
    return (
      old.entry.type === status.type &&
      old.entry.mtimeNs === status.mtimeNs &&
      old.side.ctimeNs === status.ctimeNs &&
      old.side.inode === status.ino &&
      old.side.sizeOnDisk === status.size &&
      status.mtimeNs < parent.scanNs &&
      status.ctimeNs < parent.scanNs
    );
  }
}

function sideOf(status: FileStatus): SideRecord {
  return { inode: status.ino, ctimeNs: status.ctimeNs, sizeOnDisk: status.size };
}

function sumOf(holes: readonly Hole[]): number {
  return holes.reduce((sum, hole) => sum + hole.length, 0);
}

function setContent(entry: StoredEntry, content: StoredContent, size: number, holes: readonly Hole[]): void {
  entry.size = size;
  if (size > 0) {
    entry.digest = content.digest;
    entry.chunks = content.chunks;
    entry.indirect = content.indirect;
  }
  if (holes.length > 0) entry.holes = holes;
}
