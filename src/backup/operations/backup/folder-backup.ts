import { type ErrorCode, HoldfastError, isNoSpace, systemCode } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import type { ChunkRef, Hole } from '../../entry.ts';
import { ONE_CHUNK_BYTES, type StoredEntry } from '../../format/manifest-entry.ts';
import { DATA } from '../../format/pack-index.ts';
import type { OperationContext } from '../../ports.ts';
import type { FileStatus } from '../../posix/file-status.ts';
import type { Owners } from '../../posix/owners.ts';
import { readXattrs } from '../../posix/xattrs.ts';
import { isDamage } from '../../repository/damage.ts';
import { complete, describe } from '../../sources/folder/describe.ts';
import { type Found, isCovered } from '../../sources/folder/walk.ts';
import { type ArrivedContent, ContentWriter, type StoredContent } from '../writing/content-writer.ts';
import type { ManifestWriter } from '../writing/manifest-writer.ts';
import type { WritingSession } from '../writing/writing-session.ts';
import type { BackupReport } from './backup-report.ts';
import type { DatabaseCopies, DatabaseCopy } from './database-copies.ts';
import { EntryQueue, type QueuedEntry, type QueuedRun } from './entry-queue.ts';
import { type BatchedFile, FileBatcher, type FileOutcome, mayHaveHoles } from './file-batcher.ts';
import type { ParentEntry } from './parent-cursor.ts';
import { ParentMerge, type ParentSnapshot } from './parent-merge.ts';
import type { ReadingPace } from './reading-pace.ts';
import { isUnchanged, sideOf } from './unchanged.ts';

export interface FolderBackup {
  session: WritingSession;
  manifest: ManifestWriter;
  report: BackupReport;
  context: OperationContext;
  owners: Owners;
  /** The walk of all roots, in manifest order. */
  walk: Iterable<Found>;
  maxFileSizeBytes: number | undefined;
  pace: ReadingPace | undefined;
  /** The snapshot to compare with: unchanged files are taken over from it, where it saw all of them. */
  parent: ParentSnapshot | undefined;
  databases: DatabaseCopies;
}

/** A database that cannot be copied for these reasons is left out, like any file that cannot be read. */
const SKIPS_ONE_DATABASE: readonly ErrorCode[] = ['locked', 'unreadable', 'not_found', 'permission'];
/** Entries that may wait for an unfinished one, which may be in a batch that is not full: beyond this everything is waited for. */
const MAX_QUEUE = 8192;
/** Others in this thread, Ctrl-C above all, wait no longer than this; and so many entries go by before the clock is looked at. */
const TURN_MS = 20;
const TURN_ENTRIES = 64;
/** Walks the roots and writes their manifest: a merge of the walk with the parent's manifest. */
export async function backupFolders(job: FolderBackup): Promise<void> {
  await new FolderRun(job).run();
}

class FolderRun {
  readonly #job: FolderBackup;
  readonly #queue: EntryQueue;
  readonly #batcher: FileBatcher;
  readonly #contents: ContentWriter;
  readonly #merge: ParentMerge;
  readonly #links = new Map<string, { first: QueuedEntry; left: number }>();
  /** Where the waiting members of hard-link groups were found, in case they are needed. */
  readonly #members = new Map<QueuedEntry, Found>();
  #again: BatchedFile[] = [];
  /** Large files that were read and are being stored. What failed stays. */
  readonly #arrived = new Set<Promise<void>>();
  #turnBegan = 0;
  #sinceTurn = 0;

  constructor(job: FolderBackup) {
    this.#job = job;
    this.#queue = new EntryQueue(
      (item) => ('part' in item ? this.#writeRun(item) : this.#write(item)),
      (item) => this.#again.push({ found: this.#members.get(item) as Found, queued: item }),
    );
    this.#merge = new ParentMerge(job, {
      takeRun: (run) => this.#queue.push(run),
      take: (found, old) => this.#take(found, old),
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
    const { walk, context, pace, report } = this.#job;
    await this.#merge.open();
    for (const found of walk) {
      context.signal?.throwIfAborted();
      if (isCovered(found)) continue;
      // Not awaited where there is nothing to wait for: a turn of the event loop for each of a million entries would cost more than the rest.
      const waiting = this.#merge.meet(found) ?? this.#giveTurn();
      if (waiting !== undefined) await waiting;
      this.#batcher.pass();
      const slower = pace?.keep(report.read);
      if (slower !== undefined) await slower;
      if (this.#queue.length >= MAX_QUEUE) await this.#settle();
      // At once, because everything after them waits.
      if (this.#again.length > 0) await this.#lookAgain();
    }
    await this.#merge.end();
    await this.#settle();
    while (this.#again.length > 0) {
      await this.#lookAgain();
      await this.#settle();
    }
    if (this.#queue.length > 0) throw new HoldfastError('internal', `${this.#queue.length} entries were never stored.`);
  }

  /** Everything that was read is stored. */
  async #settle(): Promise<void> {
    await this.#batcher.settle();
    await Promise.all(this.#arrived);
  }

  /** Lets others in this thread run now and then. */
  #giveTurn(): Promise<void> | undefined {
    if (++this.#sinceTurn < TURN_ENTRIES) return undefined;
    this.#sinceTurn = 0;
    const { clock } = this.#job.session.repository;
    if (clock.monotonic() - this.#turnBegan < TURN_MS) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#turnBegan = clock.monotonic();
        resolve();
      });
    });
  }

  #write(item: QueuedEntry): void {
    const { report, manifest } = this.#job;
    const { entry, side, counted } = item;
    this.#members.delete(item);
    count(report, entry, counted);
    manifest.add(entry, side);
  }

  /** What did not change. A whole part is in the manifest already, where the new one is cut in the same places. */
  #writeRun({ part: { fence, decoded, sides }, from, to }: QueuedRun): void {
    const { entries } = decoded;
    const { report, manifest, session } = this.#job;
    for (let at = from; at < to; at++) count(report, entries[at] as StoredEntry, 'unmodified');
    if (from === 0 && to === entries.length) {
      const stored = session.use(fence.manifest.id) && (fence.side === undefined || session.use(fence.side.id));
      if (stored && manifest.reuse(fence)) return;
    }
    for (let at = from; at < to; at++) manifest.copy(decoded, sides, at);
  }

  /** Most entries need no waiting at all, so nothing here is asynchronous until it has to be. */
  #take(found: Found, old: ParentEntry | undefined): Promise<void> | undefined {
    if (found.status.type === 'file') return this.#takeFile(found, old);
    return this.#takeOther(found, old);
  }

  #takeOther(found: Found, old: ParentEntry | undefined): undefined {
    const { session, owners } = this.#job;
    const entry: StoredEntry = describe(found, owners);
    const side = sideOf(found.status);
    try {
      if (isUnchanged(found.status, old, this.#job.parent)) {
        entry.xattrs = old?.entry.xattrs;
        entry.target = old?.entry.target;
      } else complete(entry, found, session.posix);
    } catch (error) {
      this.#tellProblem(error, found);
      // A folder is recorded all the same, as it was seen: what the walk still finds in it needs it.
      if (entry.type !== 'directory') return;
      // Its attributes were not seen: the next backup, maybe by somebody who may, looks again.
      side.ctimeNs = 0n;
    }
    const queued: QueuedEntry = { entry, side, state: 'ready', counted: 'new' };
    if (found.status.type !== 'directory' && found.status.nlink > 1)
      queued.linkedTo = this.#linkGroup(found.status, queued);
    this.#queue.push(queued);
  }

  #takeFile(found: Found, old: ParentEntry | undefined): Promise<void> | undefined {
    const { session, owners, maxFileSizeBytes, databases } = this.#job;
    const { status } = found;
    if (maxFileSizeBytes !== undefined && status.size > maxFileSizeBytes) return;
    const counted = isUnchanged(status, old, this.#job.parent)
      ? 'unmodified'
      : old?.entry.type === 'file'
        ? 'changed'
        : 'new';
    const queued: QueuedEntry = { entry: describe(found, owners), side: sideOf(status), state: 'waiting', counted };
    if (status.nlink > 1) {
      queued.linkedTo = this.#linkGroup(status, queued);
      if (queued.linkedTo !== undefined) return this.#takeMember(found, queued);
    }
    if (databases.hasSidecars(found) && databases.isDatabase(session.posix, found)) {
      databases.coverSidecars(found);
      if (databases.isInUse(session.posix, found)) return this.#takeDatabase(found, queued);
    }
    if (counted === 'unmodified' && old !== undefined) return this.#inherit(found, queued, old);
    return this.#store(found, queued);
  }

  #takeMember(found: Found, queued: QueuedEntry): undefined {
    queued.state = 'ready';
    this.#members.set(queued, found);
    this.#queue.push(queued);
  }

  /** Takes an unchanged file over from the parent, once all its chunks are known to be there. */
  #inherit(found: Found, queued: QueuedEntry, old: ParentEntry): Promise<void> | undefined {
    const { session } = this.#job;
    if (old.entry.indirect === true) return this.#inheritLong(found, queued, old);
    const chunks = old.entry.chunks ?? [];
    for (const { id } of chunks) if (!session.use(id)) return this.#store(found, queued);
    this.#takeOver(queued, old);
    return undefined;
  }

  async #inheritLong(found: Found, queued: QueuedEntry, old: ParentEntry): Promise<void> {
    const { session, report } = this.#job;
    const lists = old.entry.chunks ?? [];
    const chunks = await this.#chunkListOf(old);
    if (chunks === undefined || ![...lists, ...chunks].every(({ id }) => session.use(id))) {
      return this.#store(found, queued);
    }
    report.chunks += chunks.length;
    this.#takeOver(queued, old);
  }

  /** The chunks of a long file of the parent; undefined where the list is damaged. */
  async #chunkListOf({ entry }: ParentEntry): Promise<readonly ChunkRef[] | undefined> {
    const { parent, session, report } = this.#job;
    try {
      return await parent?.reader.chunkList(entry);
    } catch (error) {
      if (!isDamage(error)) throw error;
      session.distrustMeta();
      report.warn(`What the parent snapshot has of ${printableName(entry.path)} cannot be read; it is read again.`);
      return undefined;
    }
  }

  #takeOver(queued: QueuedEntry, { entry }: ParentEntry): void {
    const { size, digest, chunks, indirect, holes, xattrs, viaBackupApi } = entry;
    Object.assign(queued.entry, { size, digest, chunks, indirect, holes, xattrs, viaBackupApi });
    queued.state = 'ready';
    this.#queue.push(queued);
  }

  #store(found: Found, queued: QueuedEntry): Promise<void> | undefined {
    const { databases, session } = this.#job;
    if (queued.counted === 'unmodified') queued.counted = 'changed';
    if (found.status.size > ONE_CHUNK_BYTES) {
      if (databases.isDatabase(session.posix, found)) return this.#takeDatabase(found, queued);
      this.#queue.push(queued);
      return this.#storeLarge(found, queued);
    }
    this.#queue.push(queued);
    try {
      return this.#batcher.add({ found, queued }) ? session.ready() : undefined;
    } catch (error) {
      this.#drop(queued, error, found);
      return undefined;
    }
  }

  async #storeLarge(found: Found, queued: QueuedEntry, database = false): Promise<void> {
    const { session } = this.#job;
    let fd: number;
    try {
      fd = found.folder.with((dir) => session.posix.openForReading(dir, found.name));
    } catch (error) {
      return this.#drop(queued, error, found);
    }
    try {
      await this.#storeOpen(fd, { found, queued }, database);
    } catch (error) {
      this.#drop(queued, error, found);
    } finally {
      session.posix.close(fd);
      this.#queue.drain();
    }
  }

  async #storeOpen(fd: number, { found, queued }: BatchedFile, database: boolean): Promise<void> {
    const { posix } = this.#job.session;
    const before = posix.status(fd);
    if (before.type !== 'file') return this.#drop(queued, { code: 'ESTALE' }, found);
    let holes = mayHaveHoles(before) ? posix.holes(fd, before.size) : [];
    let content = await this.#read(fd, before.size, holes, found);
    if (holes.length > 0 && posix.status(fd).size < before.size) {
      // Its holes are not where they were, or not holes at all: everything up to its new end counts as data.
      holes = [];
      content = await this.#read(fd, before.size, holes, found);
    }
    if (database && this.#movedOn(found)) return this.#storeCopy(found, queued);
    const xattrs = readXattrs(posix, fd);
    if (xattrs.length > 0) queued.entry.xattrs = xattrs;
    queued.entry.mtimeNs = before.mtimeNs;
    queued.side = sideOf(before);
    const after = posix.status(fd);
    if (after.mtimeNs !== before.mtimeNs || after.size !== before.size) this.#warnChanged(found);
    this.#setWhenStored(queued, content, holes);
  }

  /** The next file is read meanwhile: else the packing threads would run dry at the end of each. What fails here ends the backup. */
  #setWhenStored(queued: QueuedEntry, { stored }: ArrivedContent, holes: readonly Hole[]): void {
    this.#track(
      stored.then((content) => {
        setContent(queued.entry, content, content.length + sumOf(holes), holes);
        queued.state = 'ready';
        this.#queue.drain();
      }),
    );
  }

  /** Has `settle` wait for it too, and see its failure. */
  #track(work: Promise<void>): void {
    this.#arrived.add(work);
    work.then(
      () => this.#arrived.delete(work),
      () => {},
    );
  }

  async #read(fd: number, size: number, holes: readonly Hole[], found: Found): Promise<ArrivedContent> {
    const { report } = this.#job;
    try {
      const { length, stored } = await this.#contents.readFile(fd, size, holes, (bytes) => this.#onRead(bytes, found));
      // Also where it turns out that the content is of no use: it was stored, and what is under way must have ended when the backup does.
      this.#track(
        stored.then(({ added, indirect, chunkCount }) => {
          report.added += added;
          if (indirect) report.chunks += chunkCount;
        }),
      );
      return { length, stored };
    } finally {
      report.underWay = 0;
    }
  }

  #onRead(bytes: number, found: Found): Promise<void> | undefined {
    const { report, context, pace } = this.#job;
    context.signal?.throwIfAborted();
    report.read += bytes;
    report.underWay += bytes;
    report.progress(() => printableName(found.path));
    return pace?.keep(report.read);
  }

  /** A database that is larger than one chunk, or in use: through its own backup while somebody may be writing, else byte by byte. */
  async #takeDatabase(found: Found, queued: QueuedEntry): Promise<void> {
    const { databases, session } = this.#job;
    if (queued.counted === 'unmodified') queued.counted = 'changed';
    this.#queue.push(queued);
    if (databases.isInUse(session.posix, found)) return this.#storeCopy(found, queued);
    await this.#storeLarge(found, queued, true);
  }

  async #storeCopy(found: Found, queued: QueuedEntry): Promise<void> {
    const { databases, report, context } = this.#job;
    let copy: DatabaseCopy | undefined;
    try {
      copy = await databases.copy(found, context.signal);
    } catch (error) {
      if (!(error instanceof HoldfastError) || !SKIPS_ONE_DATABASE.includes(error.code)) throw error;
      if (error.code === 'not_found') return this.#drop(queued, { code: 'ENOENT' }, found);
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
      await this.#storeCopied(copy, { found, queued });
    } catch (error) {
      this.#drop(queued, error, found);
    } finally {
      await copy.remove();
      this.#queue.drain();
    }
  }

  async #storeCopied(copy: DatabaseCopy, { found, queued }: BatchedFile): Promise<void> {
    const { session, databases } = this.#job;
    const { posix } = session;
    const { stored } = await this.#read(copy.fd, copy.sizeBytes, [], found);
    const content = await stored;
    setContent(queued.entry, content, content.length, []);
    queued.entry.viaBackupApi = true;
    // With the time of the file alone, a restore would take the database without its log for the same.
    queued.entry.mtimeNs = databases.changedNs(posix, found);
    const fd = found.folder.with((dir) => posix.openForReading(dir, found.name));
    try {
      const xattrs = readXattrs(posix, fd);
      if (xattrs.length > 0) queued.entry.xattrs = xattrs;
    } finally {
      posix.close(fd);
    }
    // What lies in the write-ahead log is not seen in the file's own times: read it again next time.
    queued.side = { ...queued.side, ctimeNs: 0n };
    queued.state = 'ready';
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
      // The digest alone names the only chunk of a file without holes.
      if (holes.length > 0) entry.chunks = length > 0 ? [{ id: hasher.id(DATA, digest), length }] : [];
    }
    if (holes.length > 0) entry.holes = holes;
    queued.state = 'ready';
  }

  /** True when a database that was copied as it lay has been written to meanwhile. */
  #movedOn(found: Found): boolean {
    const { databases, session } = this.#job;
    return databases.isInUse(session.posix, found);
  }

  /** Files that were different from what the walk saw: grown, replaced, databases that came into use, links whose first was dropped. */
  async #lookAgain(): Promise<void> {
    const { session, databases } = this.#job;
    const again = this.#again;
    this.#again = [];
    for (const { found, queued } of again) {
      const database = databases.isDatabase(session.posix, found);
      if (database && databases.isInUse(session.posix, found)) await this.#storeCopy(found, queued);
      else await this.#storeLarge(found, queued, database);
    }
  }

  #warnChanged(found: Found): void {
    this.#job.report.warn(`${printableName(found.path)} changed while it was being read.`);
  }

  /** Leaves a file out because of what happened to it. Throws what happened to the backup itself. */
  #drop(queued: QueuedEntry, error: unknown, found: Found): void {
    this.#tellProblem(error, found);
    queued.state = 'dropped';
    this.#queue.drain();
  }

  #tellProblem(error: unknown, found: Found): void {
    const { report } = this.#job;
    const code = this.#sourceProblem(error);
    const path = printableName(found.path);
    if (code === 'ENOENT') report.vanished(path);
    else if (found.status.type === 'directory') report.unreadableFolder(path, code);
    else report.unreadableFile(path, code);
  }

  /** The code of an error that reading a source gave. Everything else is thrown on: interruptions, a full disk, failures of the repository. */
  #sourceProblem(error: unknown): string {
    const code = systemCode(error);
    const ours = error instanceof HoldfastError || isNoSpace(error) || this.#job.context.signal?.aborted === true;
    if (code === undefined || ours) throw error;
    return code;
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
}

function count(report: BackupReport, entry: StoredEntry, counted: QueuedEntry['counted']): void {
  if (entry.type === 'directory') report.directories++;
  else if (entry.type === 'file') report.files[counted]++;
  else report.others++;
  report.bytes += entry.size;
  if (entry.indirect !== true) report.chunks += entry.chunks?.length ?? (entry.digest === undefined ? 0 : 1);
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
