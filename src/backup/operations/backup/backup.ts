import { readFileSync } from 'node:fs';
import { encodeText } from '../../../shared/bytes.ts';
import type { Clock } from '../../../shared/clock.ts';
import { type ErrorCode, HoldfastError, systemCode } from '../../../shared/errors.ts';
import { printableText } from '../../../shared/printable.ts';
import { comparePaths } from '../../entry.ts';
import type { SnapshotBody } from '../../format/bodies.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import type { OperationContext, SpoolFileSystem } from '../../ports.ts';
import { openPosix } from '../../posix/open-posix.ts';
import { readOwners } from '../../posix/owners.ts';
import type { Posix } from '../../posix/posix.ts';
import { type HeadMemory, nextLink, rememberHistory } from '../../repository/history.ts';
import { knownDamage } from '../../repository/known-damage.ts';
import { ManifestReader } from '../../repository/manifest-reader.ts';
import type { Repository } from '../../repository/repository.ts';
import { readCatalog, type SnapshotRecord } from '../../repository/snapshots.ts';
import { runCommand } from '../../sources/command/run-command.ts';
import { createExcluder } from '../../sources/folder/exclude.ts';
import { type Found, type WalkReport, type WalkRoot, type WalkRules, walk } from '../../sources/folder/walk.ts';
import { WalkAhead } from '../../sources/folder/walk-ahead.ts';
import { SpareThreads } from '../../threads/spare-threads.ts';
import type { BackupRequest, BackupResult } from '../../types.ts';
import { commitSnapshot } from '../writing/commit.ts';
import { ContentWriter } from '../writing/content-writer.ts';
import { ManifestWriter } from '../writing/manifest-writer.ts';
import { WritingSession } from '../writing/writing-session.ts';
import { BackupReport } from './backup-report.ts';
import { DatabaseCopies } from './database-copies.ts';
import { backupFolders, type FolderBackup } from './folder-backup.ts';
import { ReadingPace } from './reading-pace.ts';
import { sourceRoots } from './source-roots.ts';
import { sawEnough, sightOf, unseenFacts } from './unseen.ts';

export interface BackupEnvironment {
  /** May still be opening: reading the source begins meanwhile. */
  repository: Promise<Repository>;
  clock: Clock;
  /** Packing threads; 0: everything happens in this thread. */
  threads: number;
  /** Sources of folders with fewer bytes are packed in this thread: 0 unless given. */
  inlineBelowBytes?: number;
  files: SpoolFileSystem;
  posix: 'auto' | 'off';
  /** The newest snapshots that this installation has seen. */
  heads: HeadMemory;
  host: string;
  program: string;
  workingFolder: string;
  /** What commands are run with: without our own secrets. */
  commandEnvironment: Record<string, string>;
  /** Folders that are never backed up, by device and inode: the repository itself. */
  skipped: readonly { dev: number; ino: bigint }[];
}

/** So few entries found ahead take less memory than a thread. */
const FEW_FOUND = 20_000;

/** What a kind of source is called, holds, and stores. */
interface SourcePlan {
  kind: string;
  source: string;
  paths: string[];
  /** What can be done before the repository is open. Gives how many packing threads are worth booting: none where one would take longer to boot than to pack all. */
  prepare(spares: SpareThreads): Promise<number>;
  store(run: BackupRun): Promise<void>;
  /** What is worth knowing of how it was read. */
  facts(posix: Posix): SnapshotBody['facts'];
  /** Lets go of the source, however far it was read. */
  close(): void;
}

interface BackupRun {
  environment: BackupEnvironment;
  repository: Repository;
  request: BackupRequest;
  context: OperationContext;
  session: WritingSession;
  manifest: ManifestWriter;
  report: BackupReport;
  parent: SnapshotRecord | undefined;
}

/** Takes a backup of folders, of a stream, or of a command's output, and makes a snapshot of it. */
export async function backup(
  environment: BackupEnvironment,
  request: BackupRequest,
  context: OperationContext = {},
): Promise<BackupResult> {
  const report = new BackupReport(context, environment.clock);
  const plan = planSource(environment, request, context, report);
  try {
    return await takeBackup(environment, plan, { request, context, report });
  } finally {
    plan.close();
  }
}

async function takeBackup(
  environment: BackupEnvironment,
  plan: SourcePlan,
  { request, context, report }: Pick<BackupRun, 'request' | 'context' | 'report'>,
): Promise<BackupResult> {
  const { clock } = environment;
  const startedAt = clock.monotonic();
  const scan = new Date(clock.now()).toISOString();
  const spares = new SpareThreads();
  const { repository, threads } = await prepared(environment, plan, spares);
  const session = await WritingSession.open(repository, {
    ...environment,
    threads,
    spares,
    operation: 'backup',
    signal: context.signal,
    maxStoredBytes: request.maxStoredBytes,
  });
  let publishing = false;
  try {
    const catalog = await readCatalog(repository);
    warnOfDamage(catalog.snapshots, report);
    const host = request.host ?? environment.host;
    const parent = request.force ? undefined : findParent(catalog.snapshots, plan, host);
    const manifest = new ManifestWriter(session.manifestKey, (content) => session.storeMeta(content));
    await plan.store({ environment, repository, request, context, session, manifest, report, parent });
    const refs = manifest.finish();
    const written = await session.finish();
    context.signal?.throwIfAborted();
    const body: SnapshotBody = {
      type: 'snapshot',
      version: 1,
      critical: [],
      time: request.time ?? scan,
      ended: repository.timestamp(),
      scan,
      host,
      source: request.source ?? plan.source,
      paths: plan.paths,
      kind: plan.kind,
      trigger: request.trigger ?? 'manual',
      tags: request.tags ?? [],
      parent: parent?.id ?? null,
      manifest: refs,
      totals: report.totals(),
      run: { ...report.files, read: report.read, added: report.added, stored: written.stored },
      warnings: report.warnings,
      warningCount: report.warningCount,
      facts: factsOf(plan, request, session.posix),
      session: session.session.id,
      writer: repository.writer,
      ...nextLink(catalog, await environment.heads.load(), repository.writer),
      program: environment.program,
    };
    publishing = true;
    const id = await commitSnapshot(session, body, written);
    await rememberHistory(await readCatalog(repository), environment.heads);
    return report.result(id, body, clock.monotonic() - startedAt);
  } finally {
    await session.close();
    // From the commit on the session's objects tell others about an unfinished snapshot.
    if (!publishing) await session.session.end().catch(() => {});
  }
}

async function prepared(
  { repository }: BackupEnvironment,
  plan: SourcePlan,
  spares: SpareThreads,
): Promise<{ repository: Repository; threads: number }> {
  try {
    const threads = await plan.prepare(spares);
    return { repository: await repository, threads };
  } catch (error) {
    await spares.close();
    throw error;
  }
}

function factsOf(plan: SourcePlan, { classes = [], facts }: BackupRequest, posix: Posix): SnapshotBody['facts'] {
  return { ...facts, ...plan.facts(posix), ...(classes.length > 0 && { classes }) };
}

/** Unchanged content is not read again, so a backup may lean on what a check has found damaged. */
function warnOfDamage(snapshots: readonly SnapshotRecord[], report: BackupReport): void {
  const check = knownDamage(snapshots);
  if (check === undefined) return;
  report.advise(
    `The check of ${check.time} found damage. Should it be of content, this backup may lean on it: verify tells, and repair index sets damaged packs aside.`,
  );
}

function planSource(
  environment: BackupEnvironment,
  request: BackupRequest,
  context: OperationContext,
  report: BackupReport,
): SourcePlan {
  const { paths, stdin, command } = request;
  if (stdin !== undefined) {
    return {
      kind: 'stdin',
      source: stdin.name,
      paths: [stdin.name],
      ...readOnce(environment),
      store: (run) => storeStream(run, stdin.name, stdin.stream),
    };
  }
  if (command !== undefined) {
    const store = async (run: BackupRun) => {
      const running = runCommand({ argv: command.argv, signal: context.signal, env: environment.commandEnvironment });
      await storeStream(run, command.name, running.stdout);
      await running.finished;
    };
    return { kind: 'command', source: command.name, paths: [command.name], ...readOnce(environment), store };
  }
  if (paths === undefined || paths.length === 0) {
    throw new HoldfastError('usage', 'There is nothing to back up: no path was given.', {
      advice: 'Give one or more paths, --stdin NAME, or --command NAME -- COMMAND.',
    });
  }
  const { roots, absolute, notes } = sourceRoots(paths, environment.workingFolder);
  for (const note of notes) report.warn(note);
  const ahead = new WalkAhead(walkRoots(environment, request, roots, report));
  return {
    kind: 'files',
    source: absolute.join(', '),
    paths: absolute,
    prepare: async (spares) => {
      const walked = await ahead.runUntil(environment.repository);
      if (walked && ahead.bytes < (environment.inlineBelowBytes ?? 0)) return 0;
      // What is left of the waiting has nothing better to do. Beside scrypt's memory there is room for threads or for a long walk.
      if (walked && ahead.length < FEW_FOUND) spares.boot(Math.min(environment.threads, 2));
      return environment.threads;
    },
    store: (run) => storeFolders(run, ahead),
    facts: (posix) => unseenFacts(sightOf(posix)),
    close: () => ahead.close(),
  };
}

/** A stream is read once, when its turn has come. */
const readOnce = ({ threads }: BackupEnvironment): Pick<SourcePlan, 'prepare' | 'facts' | 'close'> => ({
  prepare: () => Promise.resolve(threads),
  facts: () => ({}),
  close: () => {},
});

function* walkRoots(
  environment: BackupEnvironment,
  request: BackupRequest,
  roots: readonly WalkRoot[],
  report: BackupReport,
): Generator<Found> {
  const rules: WalkRules = {
    excluded: createExcluder([...(request.exclude ?? []), ...(request.excludeFiles ?? []).flatMap(readPatterns)]),
    oneFileSystem: request.oneFileSystem ?? false,
    excludeCaches: request.excludeCaches ?? false,
    skipped: environment.skipped,
  };
  const telling: WalkReport = {
    vanished: (path) => report.vanished(path),
    unreadable: (path, code) => report.unreadableFile(path, code),
    unlistable: (path, code) => report.unreadableFolder(path, code),
  };
  const posix = openPosix({ native: environment.posix });
  const ordered = [...roots].sort((a, b) => comparePaths(a.path, b.path));
  for (const root of ordered) yield* walk(posix, root, rules, telling);
}

const PATTERN_PROBLEMS: Record<string, ErrorCode> = {
  ENOENT: 'not_found',
  ENOTDIR: 'not_found',
  EACCES: 'permission',
  EPERM: 'permission',
};

function readPatterns(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/);
  } catch (error) {
    const reason = systemCode(error) ?? 'no system error';
    throw new HoldfastError(
      PATTERN_PROBLEMS[reason] ?? 'unreadable',
      `The file of exclude patterns ${printableText(path)} cannot be read (${reason}).`,
      {
        cause: error,
        advice: 'Check the path and who may read it; nothing was stored.',
      },
    );
  }
}

async function storeFolders(run: BackupRun, found: Iterable<Found>): Promise<void> {
  const { repository, request, session, manifest, report, context, parent } = run;
  await backupFolders({
    session,
    manifest,
    report,
    context,
    walk: found,
    owners: readOwners(),
    maxFileSizeBytes: request.maxFileSizeBytes,
    pace: paceOf(run),
    parent: parent && comparison(session, parent),
    databases: new DatabaseCopies({
      scratchFolder: () => repository.store.spoolFolder(),
      nowNs: () => BigInt(repository.clock.now()) * 1_000_000n,
      warn: (message) => report.warn(message),
    }),
  });
}

function paceOf({ request, environment, context }: BackupRun): ReadingPace | undefined {
  const { bytesPerSecond } = request;
  return bytesPerSecond === undefined ? undefined : new ReadingPace(bytesPerSecond, environment.clock, context.signal);
}

function comparison(session: WritingSession, { body }: SnapshotRecord): FolderBackup['parent'] {
  return {
    reader: new ManifestReader(session.reader, body.manifest),
    scanNs: BigInt(Date.parse(body.scan)) * 1_000_000n,
    sawEnough: sawEnough(body.facts, sightOf(session.posix)),
  };
}

/** One file at the root, named as asked. */
async function storeStream(run: BackupRun, name: string, stream: AsyncIterable<Uint8Array>): Promise<void> {
  const { session, manifest, report, context, repository } = run;
  const path = encodeText(name);
  if (path === '' || path === '.' || path === '..' || path.includes('/') || path.includes('\0')) {
    throw new HoldfastError('usage', `${JSON.stringify(name)} cannot be the name of a file in a snapshot.`, {
      advice: 'Give a plain file name such as dump.sql.',
    });
  }
  const pace = paceOf(run);
  const content = await new ContentWriter(session).storeStream(stream, (bytes) => {
    context.signal?.throwIfAborted();
    report.read += bytes;
    report.bytes += bytes;
    report.progress(() => name);
    return pace?.keep(report.read);
  });
  const entry: StoredEntry = {
    path,
    type: 'file',
    mode: 0o600,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    mtimeNs: BigInt(repository.clock.now()) * 1_000_000n,
    size: content.length,
    digest: content.length > 0 ? content.digest : undefined,
    chunks: content.chunks,
    indirect: content.indirect,
  };
  manifest.add(entry, { inode: 0n, ctimeNs: 0n, sizeOnDisk: content.length });
  report.files[run.parent === undefined ? 'new' : 'changed']++;
  report.added += content.added;
  report.chunks += content.chunkCount;
}

/** The newest finished backup of the same paths of the same host. */
function findParent(snapshots: readonly SnapshotRecord[], plan: SourcePlan, host: string): SnapshotRecord | undefined {
  const wanted = JSON.stringify(plan.paths);
  return snapshots.find(
    ({ body, confirmed }) =>
      confirmed !== undefined && body.host === host && body.kind === plan.kind && JSON.stringify(body.paths) === wanted,
  );
}
