import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { type ByteString, decodeText, fromByteString } from '../../../shared/bytes.ts';
import type { Clock } from '../../../shared/clock.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import { readProcessIdentity } from '../../../shared/process-identity.ts';
import type { RawString, SnapshotBody } from '../../format/bodies.ts';
import { HEADER_NAME } from '../../format/header.ts';
import type { OperationContext } from '../../ports.ts';
import { openPosix } from '../../posix/open-posix.ts';
import { ChunkReader } from '../../repository/chunk-reader.ts';
import { ManifestReader } from '../../repository/manifest-reader.ts';
import type { Repository } from '../../repository/repository.ts';
import { readCatalog, resolveSnapshot } from '../../repository/snapshots.ts';
import type { RestoreRequest, RestoreResult } from '../../types.ts';
import { whileReading } from '../reading-session.ts';
import { needsThreads, runRestore } from './restore-operation.ts';
import { Selection } from './selection.ts';
import { RepositoryContent } from './snapshot-content.ts';
import { type Layout, targetsOf } from './targets.ts';
import { startRestoreWorkers } from './thread-pool.ts';

export interface RestoreEnvironment {
  /** May still be opening: the threads boot meanwhile. */
  repository: Repository | Promise<Repository>;
  clock: Clock;
  /** Threads that write; 0: everything happens in the caller's. */
  threads: number;
  posix: 'auto' | 'off';
  /** Backs paths up before they are changed, as a backup of `source` where they are one; resolves with the snapshot's ID. */
  safetyBackup(paths: string[], source: string | undefined): Promise<string>;
}

/**
 * Restores a snapshot, or says what that would do.
 *
 * @throws HoldfastError `not_found`, `usage`, `refused`, `locked`, `damaged`, `pre_restore_failed`, `storage_full`, `permission`,
 * `interrupted`, `failed`: the target is then as it was
 */
export async function restore(
  environment: RestoreEnvironment,
  request: RestoreRequest,
  context: OperationContext = {},
): Promise<RestoreResult> {
  const wanted = needsThreads(request) ? environment.threads : 0;
  // The others boot when the passphrase has been worked on, which takes more memory than anything that comes after it.
  const workers = startRestoreWorkers(Math.min(1, wanted));
  try {
    const repository = await environment.repository;
    workers.push(...startRestoreWorkers(wanted - workers.length));
    return await restoreFrom(repository, { ...environment, workers }, request, context);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

async function restoreFrom(
  repository: Repository,
  environment: RestoreEnvironment & { workers: readonly Worker[] },
  request: RestoreRequest,
  context: OperationContext,
): Promise<RestoreResult> {
  const { clock, threads, workers, safetyBackup } = environment;
  const { at, source } = request;
  const record = resolveSnapshot(await readCatalog(repository), { id: request.snapshot, at, source });
  const chunks = new ChunkReader(repository);
  const manifest = new ManifestReader(chunks, record.body.manifest);
  // Reads a part of the manifest: should an index be lost, the reader has found another way by the time that it is asked for its own.
  const layout = await layoutOf(record.body, manifest);
  const content = await RepositoryContent.open(repository, record.id, chunks, manifest);
  const ports = {
    posix: openPosix({ native: environment.posix }),
    clock,
    random: repository.random,
    identity: readProcessIdentity(),
    keys: { ring: repository.ring, repositoryId: repository.header.repositoryId },
    repositoryFolder: folderOf(repository),
    threads,
    workers,
    // In place it is the source that is about to change, and people look for its safety backups there.
    safetyBackup: async (paths: readonly ByteString[]) =>
      safetyBackup(paths.map(asText), request.inPlace === true ? record.body.source : undefined),
  };
  const [target] = targetsOf(request, record.body.paths, layout, new Selection(request.paths));
  const reading = {
    operation: 'restore',
    snapshots: [record.id],
    // Tells whoever comes after a crash where to look.
    ...(target === undefined ? {} : { target: rawString(target.path) }),
  };
  return whileReading(repository, reading, () =>
    runRestore(ports, { id: record.id, body: record.body, layout, content }, request, context),
  );
}

/** One folder is the manifest's root, with an entry of its own; several paths, or one file, lie below by their names. */
async function layoutOf(body: SnapshotBody, manifest: ManifestReader): Promise<Layout> {
  if (body.paths.length > 1) return 'named';
  const ignore = () => {};
  for await (const { path } of manifest.entries({ onDamage: ignore, onRefused: ignore }))
    return path === '' ? 'content' : 'named';
  return 'content';
}

function rawString(bytes: ByteString): RawString {
  return decodeText(bytes) ?? { bytes: fromByteString(bytes).toString('base64') };
}

function asText(path: ByteString): string {
  const text = decodeText(path);
  if (text !== undefined) return text;
  throw new HoldfastError('usage', `${printableName(path)} is not valid UTF-8.`);
}

function folderOf({ store }: Repository): string | undefined {
  const header = store.localPath(HEADER_NAME);
  return header !== undefined && lstatSync(header, { throwIfNoEntry: false }) !== undefined
    ? dirname(header)
    : undefined;
}
