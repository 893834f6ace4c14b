import type { Readable } from 'node:stream';
import type { ByteString } from '../../../shared/bytes.ts';
import { HoldfastError, systemCode } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import type { ArchiveWarning } from '../../archive/archive-warning.ts';
import { decompress } from '../../archive/compress.ts';
import { type ArchiveMember, readTar } from '../../archive/tar-reader.ts';
import type { Xattr } from '../../entry.ts';
import type { SnapshotBody } from '../../format/bodies.ts';
import { isValidPath } from '../../format/manifest.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import { DATA } from '../../format/pack-index.ts';
import type { OperationContext } from '../../ports.ts';
import { readOwners } from '../../posix/owners.ts';
import { nextLink, rememberHistory } from '../../repository/history.ts';
import { readCatalog } from '../../repository/snapshots.ts';
import type { BackupResult } from '../../types.ts';
import { BackupReport } from '../backup/backup-report.ts';
import { commitSnapshot } from '../writing/commit.ts';
import type { WritingEnvironment } from '../writing/environment.ts';
import { ManifestWriter } from '../writing/manifest-writer.ts';
import { WritingSession } from '../writing/writing-session.ts';
import { EntryStore } from './entry-store.ts';
import { MemberStorer } from './member-storer.ts';
import { treeOf } from './tree-writer.ts';

export interface ImportRequest {
  /** A tar archive, plain or compressed with gzip or zstd; its first bytes tell. */
  input: Readable;
  source: string;
  tags?: readonly string[];
  host?: string;
  /** Overrides the snapshot's time (ISO 8601). */
  time?: string;
}

/** Longer or deeper names would cost more to write out than any archive is worth. */
const MAX_PATH_BYTES = 65_536;
const MAX_COMPONENTS = 4096;
const MAX_XATTR_BYTES = 2 ** 20;
/** What the manifest adds to each attribute, at most. */
const XATTR_COST = 20;
/** Entries that go into the manifest before the threads are waited for. */
const WAIT_EVERY = 1024;

/**
 * Makes a snapshot of an archive. Contents are stored as they come; names and attributes are held in memory (some hundred bytes each, at most 1 GiB),
 * since archives come in any order. Declared sizes are checked against what arrives, and nothing is reserved by them.
 *
 * @throws HoldfastError `damaged` for what is no archive or a broken one, `refused` for one with too many entries, `storage_full`
 */
export async function importTar(
  environment: WritingEnvironment,
  request: ImportRequest,
  context: OperationContext = {},
): Promise<BackupResult> {
  const { repository } = environment;
  const startedAt = repository.clock.monotonic();
  const scan = repository.timestamp();
  const session = await WritingSession.open(repository, {
    ...environment,
    operation: 'import',
    signal: context.signal,
  });
  let publishing = false;
  try {
    const report = new BackupReport(context, repository.clock, 'import');
    const run = new ImportRun(session, report, context);
    await run.read(request.input);
    const manifest = await run.writeManifest(BigInt(Date.parse(scan)) * 1_000_000n);
    const written = await session.finish();
    context.signal?.throwIfAborted();
    const body: SnapshotBody = {
      type: 'snapshot',
      version: 1,
      critical: [],
      time: request.time ?? scan,
      ended: repository.timestamp(),
      scan,
      host: request.host ?? environment.host,
      source: request.source,
      paths: [],
      kind: 'files',
      trigger: 'import',
      tags: [...(request.tags ?? [])],
      parent: null,
      manifest,
      totals: report.totals(),
      run: { ...report.files, read: report.read, added: report.added, stored: written.stored },
      warnings: report.warnings,
      warningCount: report.warningCount,
      facts: {},
      session: session.session.id,
      writer: repository.writer,
      ...nextLink(await readCatalog(repository), await environment.heads.load(), repository.writer),
      program: environment.program,
    };
    publishing = true;
    const id = await commitSnapshot(session, body, written);
    await rememberHistory(await readCatalog(repository), environment.heads);
    return report.result(id, body, repository.clock.monotonic() - startedAt);
  } finally {
    await session.close();
    // From the commit on the session's objects tell others about an unfinished snapshot.
    if (!publishing) await session.session.end().catch(() => {});
  }
}

class ImportRun {
  readonly #session: WritingSession;
  readonly #report: BackupReport;
  readonly #context: OperationContext;
  readonly #entries = new EntryStore();
  readonly #contents: MemberStorer;

  constructor(session: WritingSession, report: BackupReport, context: OperationContext) {
    this.#session = session;
    this.#report = report;
    this.#context = context;
    this.#contents = new MemberStorer(session);
  }

  /** Takes in the whole archive. */
  async read(input: Readable): Promise<void> {
    const { signal } = this.#context;
    const stop = () => input.destroy(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const owners = readOwners();
      const members = readTar(decompress(input), {
        onWarning: (warning) => this.#warn(warning),
        lookupOwner: (kind, name) => (kind === 'user' ? owners.userId(name) : owners.groupId(name)),
      });
      for await (const member of members) {
        signal?.throwIfAborted();
        await this.#take(member);
      }
      await this.#contents.settle();
    } catch (error) {
      signal?.throwIfAborted();
      throw readError(error);
    } finally {
      signal?.removeEventListener('abort', stop);
    }
    this.#report.added = this.#contents.bytesAdded;
    this.#report.chunks = this.#contents.listedChunks;
  }

  /** Writes the entries in their order; gives the manifest's fence chunks. */
  async writeManifest(rootTimeNs: bigint): Promise<SnapshotBody['manifest']> {
    const session = this.#session;
    const { hasher } = session.repository;
    const manifest = new ManifestWriter(session.manifestKey, (content) => session.storeMeta(content));
    const chunkOf = (digest: Buffer, length: number) => ({ id: hasher.id(DATA, digest), length });
    const tree = treeOf(this.#entries, rootTimeNs, chunkOf, (message) => this.#leaveOut(message));
    let written = 0;
    for (const entry of tree) {
      this.#count(entry);
      manifest.add(entry, { inode: 0n, ctimeNs: 0n, sizeOnDisk: entry.size });
      if (++written % WAIT_EVERY !== 0) continue;
      this.#context.signal?.throwIfAborted();
      await session.ready();
    }
    return manifest.finish();
  }

  async #take(member: ArchiveMember): Promise<void> {
    const { entry } = member;
    this.#report.progress(() => printableName(entry.path));
    if (
      entry.path.length > MAX_PATH_BYTES ||
      entry.path.split('/').length > MAX_COMPONENTS ||
      !isValidPath(entry.path)
    ) {
      return this.#leaveOut(
        `A name of ${entry.path.length} bytes is longer or deeper than an import allows; it was left out: ${shortened(entry.path)}.`,
      );
    }
    const checked = { ...member, entry: { ...entry, xattrs: this.#fittingXattrs(entry.path, entry.xattrs) } };
    if (entry.type !== 'file' || entry.hardlink !== undefined) {
      this.#entries.add(checked.entry);
      return;
    }
    const stored = await this.#contents.store(checked, (bytes) => {
      this.#context.signal?.throwIfAborted();
      this.#report.read += bytes;
    });
    if (stored !== undefined) this.#entries.add(stored);
    else this.#leaveOut(`${printableName(entry.path)} has too many holes to be recorded; it was left out.`);
  }

  #fittingXattrs(path: ByteString, xattrs: readonly Xattr[] | undefined): readonly Xattr[] | undefined {
    const bytes = (xattrs ?? []).reduce((sum, { name, value }) => sum + name.length + value.length + XATTR_COST, 0);
    if (bytes <= MAX_XATTR_BYTES) return xattrs;
    this.#report.warn(`${printableName(path)} has more than 1 MiB of extended attributes; they were left out.`);
    return undefined;
  }

  #count(entry: StoredEntry): void {
    const report = this.#report;
    if (entry.type === 'directory') report.directories++;
    else if (entry.type !== 'file') report.others++;
    else {
      report.files.new++;
      report.bytes += entry.size;
      if (entry.indirect !== true) report.chunks += entry.chunks?.length ?? 0;
    }
  }

  #warn({ path, message, leftOut }: ArchiveWarning): void {
    const text = path === '' ? message : `${shortened(path)}: ${message}`;
    if (leftOut === true) this.#leaveOut(text);
    else this.#report.warn(text);
  }

  #leaveOut(message: string): void {
    this.#report.unreadable++;
    this.#report.warn(message);
  }
}

const MOST_SHOWN = 500;

/** Names in archives may have a mebibyte. */
function shortened(name: ByteString): string {
  return name.length <= MOST_SHOWN
    ? printableName(name)
    : `${printableName(name.slice(0, MOST_SHOWN) as ByteString)}...`;
}

/** The stream's own errors are about the archive; everything of ours says what it is about. */
function readError(error: unknown): unknown {
  const code = error instanceof HoldfastError ? undefined : systemCode(error);
  if (code === undefined || code.startsWith('ERR_')) return error;
  return new HoldfastError('unreadable', `The archive cannot be read: ${code}.`, { cause: error });
}
