import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { type ByteString, toHex } from '../../shared/bytes.ts';
import { systemCode } from '../../shared/errors.ts';
import type { RandomSource } from '../../shared/random.ts';
import { type ChunkIdHasher, createChunkIdHasher } from '../crypto/chunk-id.ts';
import { Sealer } from '../crypto/sealer.ts';
import { sha256Into } from '../crypto/sha256-into.ts';
import type { Hole } from '../entry.ts';
import { DATA } from '../format/pack-index.ts';
import type { SpoolFileSystem } from '../ports.ts';
import type { Posix } from '../posix/posix.ts';
import { readXattrs } from '../posix/xattrs.ts';
import { ChunkTable } from './chunk-table.ts';
import {
  type ChunksJob,
  type ChunksResult,
  FILE_DIFFERENT,
  FILE_STORED,
  FILE_UNREADABLE,
  FILE_VANISHED,
  type FileDetail,
  type FilesJob,
  type FilesResult,
  type PackerJob,
  type PackerResult,
  type PackerSetup,
} from './pack-jobs.ts';
import { type FinishedPack, PackWriter } from './pack-writer.ts';
import { RunningDigests } from './running-digests.ts';

const SQLITE_MAGIC = Buffer.from('SQLite format 3\0');
const DIGEST_BYTES = 32;

/**
 * The work of one packing thread: reads, hashes, deduplicates, and packs what is new. Synchronous from end to end; runs in a worker, or
 * in the caller's thread where there is none.
 */
export class Packer {
  readonly #posix: Posix;
  readonly #hasher: ChunkIdHasher;
  readonly #usedBlocks: Uint8Array;
  readonly #content: Uint8Array;
  readonly #writer: PackWriter;
  readonly #digests: RunningDigests;
  /** The digest of the piece at hand. */
  readonly #digest = Buffer.alloc(DIGEST_BYTES);
  #table: ChunkTable;

  constructor(
    setup: PackerSetup,
    ports: { files: SpoolFileSystem; posix: Posix; random: RandomSource; onPack: (pack: FinishedPack) => void },
  ) {
    const epochs = setup.epochs.map((e) => ({
      epoch: e.epoch,
      index: Buffer.from(e.index),
      meta: Buffer.from(e.meta),
      data: Buffer.from(e.data),
    }));
    const idSecret = Buffer.from(setup.idSecret);
    let packs = 0;
    this.#posix = ports.posix;
    this.#hasher = createChunkIdHasher(idSecret);
    this.#usedBlocks = new Uint8Array(setup.usedBlocks);
    this.#content = new Uint8Array(setup.content);
    this.#digests = new RunningDigests(this.#content);
    this.#table = ChunkTable.attach(setup.table);
    this.#writer = new PackWriter({
      sealer: new Sealer({ idSecret, epochs }, Buffer.from(setup.repositoryId), ports.random),
      session: Buffer.from(setup.session),
      kind: DATA,
      files: ports.files,
      // With the session: one process may run several, and a failed one leaves its files.
      nextPath: () => `${setup.spool}/pack-${toHex(setup.session)}-${setup.thread}-${packs++}`,
      onPack: ports.onPack,
    });
  }

  useTable(shared: SharedArrayBuffer): void {
    this.#table = ChunkTable.attach(shared);
  }

  run(job: PackerJob): PackerResult {
    if (job.kind === 'files') return this.#files(job);
    return job.kind === 'chunks' ? this.#chunks(job) : this.#digests.run(job);
  }

  /** Closes the open pack. */
  finish(): void {
    this.#writer.finish();
  }

  abandon(): void {
    this.#writer.abandon();
  }

  #files(job: FilesJob): FilesResult {
    const result: FilesResult = {
      kind: 'files',
      status: new Uint8Array(job.names.length),
      digests: new Uint8Array(DIGEST_BYTES * job.names.length),
      details: [],
      bytesRead: 0,
      bytesAdded: 0,
      chunksAdded: 0,
    };
    for (let at = 0; at < job.names.length; at++) result.status[at] = this.#file(job, at, result);
    return result;
  }

  #file(job: FilesJob, at: number, result: FilesResult): number {
    let fd: number;
    try {
      fd = this.#posix.openForReading(job.folders[at] as number, job.names[at] as ByteString);
    } catch (error) {
      return this.#problem(error, at, result);
    }
    try {
      return this.#openFile(fd, job, at, result);
    } catch (error) {
      if (systemCode(error) === undefined || isOurs(error)) throw error;
      return this.#problem(error, at, result);
    } finally {
      this.#posix.close(fd);
    }
  }

  #openFile(fd: number, job: FilesJob, at: number, result: FilesResult): number {
    const expected = job.sizes[at] as number;
    const detail = new Detail(at);
    const holes = job.sparse[at] ? this.#posix.holes(fd, expected) : [];
    // Beyond the end of one that became shorter everything looks like a hole.
    if (holes.length > 0 && this.#posix.status(fd).size !== expected) return FILE_DIFFERENT;
    const length = holes.length > 0 ? this.#readAround(fd, expected, holes) : this.#read(fd, expected);
    if (length === undefined || length > expected) return FILE_DIFFERENT;
    const content = this.#room(expected + 1).subarray(0, length);
    if (holes.length > 0) {
      detail.say({ holes, logicalDigest: logicalDigest(content, expected, holes) });
    } else if (length < expected) {
      const now = this.#posix.status(fd);
      if (now.type !== 'file') return FILE_DIFFERENT;
      detail.say({ changed: { size: length, mtimeNs: now.mtimeNs, ctimeNs: now.ctimeNs } });
    }
    const xattrs = readXattrs(this.#posix, fd);
    if (xattrs.length > 0) detail.say({ xattrs: [...xattrs] });
    if (beginsDatabase(content)) detail.say({ sqlite: true });
    if (detail.said !== undefined) result.details.push(detail.said);
    result.bytesRead += length;
    if (length > 0) this.#store(content, at, result);
    return FILE_STORED;
  }

  #store(content: Buffer, at: number, result: FilesResult): void {
    sha256Into(content, this.#digest, 0);
    result.digests.set(this.#digest, DIGEST_BYTES * at);
    const id = this.#hasher.id(DATA, this.#digest);
    if (!this.#table.claim(id, this.#usedBlocks)) return;
    this.#commit(id, content.length);
    result.bytesAdded += content.length;
    result.chunksAdded++;
  }

  #room(length: number): Buffer {
    try {
      return this.#writer.room(length);
    } catch (error) {
      throw asOurs(error);
    }
  }

  #commit(id: Buffer, length: number): void {
    try {
      this.#writer.commit(id, length);
    } catch (error) {
      throw asOurs(error);
    }
  }

  /** Reads a file into the packer's room: up to one byte more than expected, which shows that it grew. */
  #read(fd: number, expected: number): number {
    const room = this.#room(expected + 1);
    let length = 0;
    for (;;) {
      const got = readSync(fd, room, length, expected + 1 - length, length);
      length += got;
      // Only an end before the expected one is worth asking twice: a read may be short without a reason.
      if (got === 0 || length >= expected) return length;
    }
  }

  /** The stored data of a sparse file: what lies between its holes. Undefined where it became shorter meanwhile: then the holes mean nothing. */
  #readAround(fd: number, size: number, holes: readonly Hole[]): number | undefined {
    const room = this.#room(size + 1);
    let length = 0;
    let position = 0;
    for (const hole of [...holes, { offset: size, length: 0 }]) {
      while (position < hole.offset) {
        const got = readSync(fd, room, length, Math.min(hole.offset - position, room.length - length), position);
        if (got === 0) return undefined;
        length += got;
        position += got;
      }
      position = hole.offset + hole.length;
    }
    return length;
  }

  #problem(error: unknown, at: number, result: FilesResult): number {
    const code = systemCode(error);
    if (code === undefined || isOurs(error)) throw error;
    if (code === 'ENOENT') return FILE_VANISHED;
    if (code === 'ELOOP' || code === 'EISDIR' || code === 'ENXIO') return FILE_DIFFERENT;
    result.details.push({ at, problem: code });
    return FILE_UNREADABLE;
  }

  #chunks(job: ChunksJob): ChunksResult {
    const ids = new Uint8Array((DIGEST_BYTES * job.spans.length) / 2);
    let bytesAdded = 0;
    let chunksAdded = 0;
    for (let i = 0; i < job.spans.length; i += 2) {
      const offset = job.spans[i] as number;
      const content = this.#content.subarray(offset, offset + (job.spans[i + 1] as number));
      sha256Into(content, this.#digest, 0);
      const id = this.#hasher.id(DATA, this.#digest);
      ids.set(id, (DIGEST_BYTES * i) / 2);
      if (!this.#table.claim(id, this.#usedBlocks)) continue;
      this.#writer.add(id, content);
      bytesAdded += content.length;
      chunksAdded++;
    }
    return { kind: 'chunks', ids, bytesAdded, chunksAdded };
  }
}

/** What there is to say about a file beyond its digest: for most, nothing, and then nothing is made. */
class Detail {
  readonly #at: number;
  said: FileDetail | undefined;

  constructor(at: number) {
    this.#at = at;
  }

  say(more: Omit<FileDetail, 'at'>): void {
    this.said = { at: this.#at, ...this.said, ...more };
  }
}

function beginsDatabase(content: Buffer): boolean {
  return content[0] === SQLITE_MAGIC[0] && content.subarray(0, SQLITE_MAGIC.length).equals(SQLITE_MAGIC);
}

/** SHA-256 of a sparse file's whole content, zeros included, from its stored data. */
function logicalDigest(data: Buffer, size: number, holes: readonly Hole[]): Buffer {
  const digest = createHash('sha256');
  let position = 0;
  let taken = 0;
  for (const hole of [...holes, { offset: size, length: 0 }]) {
    digest.update(data.subarray(taken, taken + hole.offset - position)).update(Buffer.alloc(hole.length));
    taken += hole.offset - position;
    position = hole.offset + hole.length;
  }
  return digest.digest();
}

/** Errors of our own writing must not pass for a source's: those end the run, not the file. */
const OURS = new WeakSet<object>();

function asOurs(error: unknown): unknown {
  if (typeof error === 'object' && error !== null) OURS.add(error);
  return error;
}

function isOurs(error: unknown): boolean {
  return typeof error === 'object' && error !== null && OURS.has(error);
}
