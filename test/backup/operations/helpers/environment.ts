import { createCipheriv } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import { type TarMember, writeTar } from '../../../../src/backup/archive/pax-writer.ts';
import { exportTar } from '../../../../src/backup/operations/export/export.ts';
import { type ImportRequest, importTar } from '../../../../src/backup/operations/import/import.ts';
import type { WritingEnvironment } from '../../../../src/backup/operations/writing/environment.ts';
import type { OperationContext, Store } from '../../../../src/backup/ports.ts';
import { createRepository } from '../../../../src/backup/repository/create-repository.ts';
import type { HeadMemory, Heads } from '../../../../src/backup/repository/history.ts';
import type { Repository } from '../../../../src/backup/repository/repository.ts';
import { MemoryStore } from '../../../../src/backup/stores/memory.ts';
import type { Clock } from '../../../../src/shared/clock.ts';
import { ManualClock } from '../../../helpers/manual-clock.ts';
import { testHost } from '../../../helpers/repository/test-repository.ts';
import { SeededRandom } from '../../../helpers/seeded-random.ts';

/** Incompressible bytes that depend on the seed alone, for large contents. */
export function noise(seed: number, length: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** The cheapest that slots may have. */
export const LOG_N = 15;

/** A repository with keys and an ID of its own. Different seeds give different ones. */
export function newRepository(seed: number, store: Store = new MemoryStore(), clock: Clock = new ManualClock()) {
  const writer = seed.toString(16).padStart(32, '0');
  const ports = { store, clock, random: new SeededRandom(seed), host: testHost(), writer };
  return createRepository(ports, { passphrase: 'first', label: 'first', files: [], logN: LOG_N });
}

export function memoryHeads(): HeadMemory {
  let heads: Heads = {};
  return {
    load: async () => heads,
    save: async (found) => {
      heads = found;
    },
  };
}

/** Everything in the test's own thread unless asked otherwise. */
export function environmentOf(repository: Repository, threads = 0): WritingEnvironment {
  return {
    repository,
    threads,
    files: { openSync, writeSync, closeSync },
    posix: 'off',
    heads: memoryHeads(),
    host: 'host',
    program: 'holdfast test',
  };
}

/** Imports an archive given as bytes. */
export function importBytes(
  repository: Repository,
  archive: Buffer | readonly Buffer[],
  options: Partial<ImportRequest> & { threads?: number; context?: OperationContext } = {},
) {
  const { threads, context, ...request } = options;
  const pieces = Buffer.isBuffer(archive) ? [archive] : [...archive];
  const input = Readable.from(pieces);
  return importTar(environmentOf(repository, threads), { source: 'app', ...request, input }, context);
}

export async function archiveOf(members: Iterable<TarMember>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(writeTar(members, { onWarning: () => {} })));
}

/** Makes a snapshot of members as they stand; gives its ID. */
export async function snapshotOf(
  repository: Repository,
  members: Iterable<TarMember>,
  options: Parameters<typeof importBytes>[2] = {},
): Promise<string> {
  return (await importBytes(repository, await archiveOf(members), options)).snapshot;
}

/** An output that keeps what it is given. */
export class Collected extends Writable {
  readonly #pieces: Buffer[] = [];

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.#pieces.push(Buffer.from(piece));
    // Later, so that writers have to wait for room.
    setImmediate(done);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}

export async function exportBytes(
  repository: Repository,
  id: string,
  options: { format?: 'tar' | 'tar.gz' | 'tar.zst'; paths?: string[]; context?: OperationContext } = {},
) {
  const output = new Collected({ highWaterMark: 1 });
  const { format = 'tar', context, paths } = options;
  const result = await exportTar(repository, { id, output, format, ...(paths && { paths }) }, context);
  return { ...result, bytes: output.bytes, size: result.bytes };
}
