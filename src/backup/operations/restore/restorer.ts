import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import type { ByteString } from '../../../shared/bytes.ts';
import { HoldfastError, systemCode } from '../../../shared/errors.ts';
import { type ChunkIdHasher, createChunkIdHasher } from '../../crypto/chunk-id.ts';
import { sha256Into } from '../../crypto/sha256-into.ts';
import { discard } from '../../format/compression.ts';
import type { DecodedBlock } from '../../format/pack.ts';
import { DATA, ID_BYTES } from '../../format/pack-index.ts';
import { FolderCache } from '../../posix/folder-cache.ts';
import type { Posix } from '../../posix/posix.ts';
import { lastName, parentPath, SafePath } from '../../posix/safe-path.ts';
import { removeTree } from '../../posix/tree.ts';
import { isDamage } from '../../repository/damage.ts';
import { BlockReader } from './block-reader.ts';
import { linkOrCopy, type NameIn, writeAt } from './copy-object.ts';
import { EntryTable, type Row } from './entry-table.ts';
import {
  type BlockJob,
  type CheckJob,
  type DigestJob,
  type DiscardJob,
  emptyResult,
  type Job,
  type JobPlace,
  type JobResult,
  type RowsJob,
  type SyncJob,
  type ThreadSetup,
} from './jobs.ts';
import { MetadataWriter } from './metadata.ts';
import { Pieces } from './pieces.ts';

/** Mode of folders while they are being filled, and of files that several blocks make up. */
const OWN_FOLDER = 0o700;
const OWN_FILE = 0o600;
const READ_BYTES = 1024 * 1024;
/** Files of several blocks that stay open. */
const MAX_FILES = 16;
const NO_DIGEST = Buffer.alloc(ID_BYTES);

interface PlacePaths {
  stage: FolderCache;
  /** A second walker of the stage, for calls on two of its folders. */
  source: FolderCache;
  target: SafePath | undefined;
}

/** Does the jobs of one thread. Everything is synchronous; what fails is thrown with the path in `path`. */
export class Restorer {
  readonly #posix: Posix;
  readonly #blocks: BlockReader;
  readonly #hasher: ChunkIdHasher;
  readonly #metadata: MetadataWriter;
  readonly #syncEach: boolean;
  readonly #openFolders: number;
  readonly #umask = process.umask();
  readonly #places = new Map<number, PlacePaths>();
  /** By place and path; the last used one is the last. */
  readonly #files = new Map<string, number>();
  #result = emptyResult();
  #path = '' as ByteString;

  constructor(setup: ThreadSetup, posix: Posix) {
    this.#posix = posix;
    this.#blocks = new BlockReader(setup);
    this.#hasher = createChunkIdHasher(setup.idSecret);
    this.#syncEach = setup.syncEach;
    this.#openFolders = setup.openFolders;
    this.#metadata = new MetadataWriter(posix, {
      foreign: (path) => {
        if (this.#result.foreign++ === 0) this.#result.foreignExample = path;
      },
      xattr: (name) => {
        if (!this.#result.refusedXattrs.includes(name)) this.#result.refusedXattrs.push(name);
      },
    });
  }

  /** Below the stage or the target: what the last job was about when it failed. */
  get path(): ByteString {
    return this.#path;
  }

  run(job: Job): JobResult {
    this.#result = emptyResult();
    this.#path = '' as ByteString;
    if (job.kind === 'block') this.#block(job);
    else if (job.kind === 'rows') this.#rows(job);
    else if (job.kind === 'check') this.#check(job);
    else if (job.kind === 'digest') this.#digests(job);
    else if (job.kind === 'discard') this.#discard(job);
    else if (job.kind === 'sync') this.#sync(job);
    else for (const name of job.names) removeTree(this.#posix, job.dir, name as ByteString);
    return this.#result;
  }

  close(): void {
    this.#closeFiles();
    this.#blocks.close();
    for (const { stage, source, target } of this.#places.values()) {
      for (const walker of [stage, source, target]) walker?.close();
    }
    this.#places.clear();
  }

  #block(job: BlockJob): void {
    const pieces = new Pieces(job.pieces);
    let block: DecodedBlock;
    try {
      block = this.#blocks.read(job);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'damaged') throw error;
      this.#result.problem = error.message;
      for (let piece = job.first; piece < job.end; piece++) this.#result.bad.push(piece);
      return;
    }
    const sound = this.#verify(job, pieces, block);
    const table = new EntryTable(job.table);
    const paths = this.#paths(job.place);
    for (let piece = job.first; piece < job.end; ) {
      const row = pieces.row(piece);
      let end = piece + 1;
      while (end < job.end && pieces.row(end) === row) end++;
      this.#path = table.path(row);
      this.#content({ job, table, paths, pieces, plain: block.plain, sound }, row, piece, end);
      piece = end;
    }
    discard(block.plain);
  }

  /** Which pieces have the content that their IDs promise: one byte each, from the job's first. */
  #verify(job: BlockJob, pieces: Pieces, { plain }: DecodedBlock): Uint8Array {
    const count = job.end - job.first;
    const sound = new Uint8Array(count);
    const digests = Buffer.allocUnsafe(count * ID_BYTES);
    for (let i = 0; i < count; i++) {
      const content = pieces.chunk(job.first + i, plain);
      sha256Into(content, digests, i * ID_BYTES);
    }
    const ids = this.#hasher.ids(DATA, digests);
    for (let i = 0; i < count; i++) {
      if (pieces.matches(job.first + i, ids, i * ID_BYTES)) sound[i] = 1;
      else {
        this.#result.bad.push(job.first + i);
        this.#result.problem = 'a chunk does not have the content that its ID promises';
      }
    }
    discard(ids);
    return sound;
  }

  #content(block: BlockContent, row: number, first: number, end: number): void {
    const { table, sound, job } = block;
    const whole = end - first === table.pieces(row) && !table.unfinished(row);
    const good = sound.subarray(first - job.first, end - job.first).reduce((sum, one) => sum + one, 0);
    if (whole && good === end - first) this.#wholeFile(block, table.row(row), first, end);
    else if (good > 0) this.#partOfFile(block, row, first, end, good);
  }

  /** A file whose content is in this block alone: made, written and finished in one go. */
  #wholeFile(block: BlockContent, row: Row, first: number, end: number): void {
    const dir = block.paths.stage.ensureDirectory(parentPath(row.path), OWN_FOLDER);
    // Nobody else can look into the stage, so the file may have its permissions from the start.
    const asked = row.entry.mode & 0o777 & ~this.#umask;
    const fd = this.#posix.createFile(dir, lastName(row.path), asked);
    try {
      const written = this.#writePieces(block, fd, first, end);
      if (written < row.entry.size) this.#posix.truncate(fd, row.entry.size);
      this.#finishFile(fd, row, asked);
    } finally {
      this.#posix.close(fd);
    }
  }

  #partOfFile(block: BlockContent, row: number, first: number, end: number, good: number): void {
    const { table, paths, job } = block;
    const path = table.path(row);
    const key = `${job.place.id} ${path}`;
    const fd = this.#files.get(key) ?? this.#openPart(paths.stage, path);
    this.#keepOpen(key, fd);
    this.#writePieces(block, fd, first, end);
    if (!table.completes(row, good)) return;
    const complete = table.row(row);
    this.#posix.truncate(fd, complete.entry.size);
    this.#finishFile(fd, complete, OWN_FILE);
    this.#files.delete(key);
    this.#posix.close(fd);
  }

  /** Returns where the written content ends. */
  #writePieces({ pieces, plain, sound, job }: BlockContent, fd: number, first: number, end: number): number {
    let reached = 0;
    for (let piece = first; piece < end; ) {
      if (sound[piece++ - job.first] === 0) continue;
      const { offset, partAt, partLength, position } = pieces.get(piece - 1);
      let length = partLength;
      // What follows each other both in the block and in the file is written at once: threads wait for each other at every write to the same file.
      for (; piece < end && sound[piece - job.first] === 1; piece++) {
        const next = pieces.get(piece);
        if (next.offset + next.partAt !== offset + partAt + length || next.position !== position + length) break;
        length += next.partLength;
      }
      writeAt(fd, plain.subarray(offset + partAt, offset + partAt + length), position);
      reached = Math.max(reached, position + length);
      this.#result.bytes += length;
    }
    return reached;
  }

  /** Whichever thread comes first makes the file. */
  #openPart(stage: FolderCache, path: ByteString): number {
    const dir = stage.ensureDirectory(parentPath(path), OWN_FOLDER);
    try {
      return this.#posix.createFile(dir, lastName(path), OWN_FILE);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    return this.#posix.openForWriting(dir, lastName(path));
  }

  #keepOpen(key: string, fd: number): void {
    this.#files.delete(key);
    this.#files.set(key, fd);
    if (this.#files.size <= MAX_FILES) return;
    const [oldest, oldFd] = this.#files.entries().next().value as [string, number];
    this.#files.delete(oldest);
    this.#posix.close(oldFd);
  }

  #closeFiles(): void {
    for (const fd of this.#files.values()) this.#posix.close(fd);
    this.#files.clear();
  }

  #finishFile(fd: number, row: Row, madeWith: number): void {
    this.#metadata.toNew(fd, row.entry, madeWith, row.path);
    if (this.#syncEach) this.#posix.sync(fd);
    this.#result.finished++;
  }

  #rows(job: RowsJob): void {
    const table = new EntryTable(job.table);
    const paths = this.#paths(job.place);
    for (let i = job.first; i < job.end; i++) {
      const number = job.backwards ? job.first + job.end - 1 - i : i;
      if (table.pieces(number) > 0 || table.unfinished(number)) continue;
      const row = table.row(number);
      this.#path = row.path;
      if (row.kind === 'make' && row.entry.type === 'directory') this.#folder(paths.stage, row);
      else if (!this.#objectFits(paths, row)) {
        this.#result.mismatched.push(number);
        continue;
      }
      this.#result.finished++;
    }
  }

  /** False for a further name that does not fit the file that it is said to belong to. */
  #objectFits(paths: PlacePaths, row: Row): boolean {
    try {
      this.#object(paths, row);
      return true;
    } catch (error) {
      if (row.kind !== 'join' || !isDamage(error)) throw error;
      return false;
    }
  }

  #folder(stage: FolderCache, row: Row): void {
    const fd = stage.ensureDirectory(row.path, OWN_FOLDER);
    this.#metadata.toNew(fd, row.entry, OWN_FOLDER, row.path);
    if (this.#syncEach) this.#posix.sync(fd);
  }

  #object(paths: PlacePaths, row: Row): void {
    const to = { dir: paths.stage.ensureDirectory(parentPath(row.path), OWN_FOLDER), name: lastName(row.path) };
    if (row.kind === 'make') this.#make(to, row);
    else if (row.kind === 'carry') this.#carry(paths, row, to);
    else this.#join(paths, row, to);
  }

  #make({ dir, name }: NameIn, { entry, path }: Row): void {
    if (entry.type === 'file') {
      const fd = this.#posix.createFile(dir, name, OWN_FILE);
      try {
        if (entry.size > 0) this.#posix.truncate(fd, entry.size);
        this.#metadata.toNew(fd, entry, OWN_FILE, path);
        if (this.#syncEach) this.#posix.sync(fd);
      } finally {
        this.#posix.close(fd);
      }
      return;
    }
    if (entry.type === 'symlink') this.#posix.makeSymlink(entry.target ?? ('' as ByteString), dir, name);
    else if (entry.type !== 'directory') {
      this.#posix.makeNode(dir, name, entry.type, OWN_FILE, entry.device ?? { major: 0, minor: 0 });
    }
    this.#metadata.toName(dir, name, entry, entry.type === 'symlink', path);
  }

  #carry({ target }: PlacePaths, row: Row, to: NameIn): void {
    if (target === undefined || row.from === undefined) throw new HoldfastError('internal', 'Nothing to carry from.');
    try {
      const from = { dir: target.directory(parentPath(row.from)), name: lastName(row.from) };
      linkOrCopy(this.#posix, this.#metadata, from, to);
    } catch (error) {
      // It went away while the restore was at work: then it is not carried over.
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }

  /** The first of the group must be what this member is said to be; a snapshot could claim anything. */
  #join({ source }: PlacePaths, row: Row, to: NameIn): void {
    const from = row.from ?? ('' as ByteString);
    const misfit = new HoldfastError('damaged', 'a hard link does not fit the file that it belongs to');
    let first: NameIn;
    try {
      first = { dir: source.directory(parentPath(from)), name: lastName(from) };
      const { type, size } = this.#posix.statusAt(first.dir, first.name);
      // Only a file's size is in the manifest: a link's own is the length of its target.
      if (type !== row.entry.type || (type === 'file' && size !== row.entry.size)) throw misfit;
    } catch (error) {
      throw systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR' ? misfit : error;
    }
    linkOrCopy(this.#posix, this.#metadata, first, to);
  }

  #check(job: CheckJob): void {
    const table = new EntryTable(job.table);
    const { stage } = this.#paths(job.place);
    for (let number = job.first; number < job.end; number++) {
      const { kind, entry, path } = table.row(number);
      if (kind !== 'make' || entry.digest === undefined || table.unfinished(number)) continue;
      this.#path = path;
      const digest = this.#digest(stage, path);
      if (digest !== undefined && !digest.equals(entry.digest)) this.#result.mismatched.push(number);
    }
  }

  #digests(job: DigestJob): void {
    const { target } = this.#paths(job.place);
    const digests = job.paths.map((path) => (target && this.#digest(target, path as ByteString)) ?? NO_DIGEST);
    this.#result.digests = Buffer.concat(digests);
  }

  /** SHA-256 of a file's content; undefined where there is no such file. */
  #digest(root: Pick<SafePath, 'directory'>, path: ByteString): Buffer | undefined {
    let fd: number;
    try {
      fd = this.#posix.openForReading(root.directory(parentPath(path)), lastName(path));
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'].includes(systemCode(error) ?? '')) return undefined;
      throw error;
    }
    try {
      if (this.#posix.status(fd).type !== 'file') return undefined;
      const digest = createHash('sha256');
      const buffer = Buffer.allocUnsafe(READ_BYTES);
      for (
        let got = readSync(fd, buffer, 0, READ_BYTES, null);
        got > 0;
        got = readSync(fd, buffer, 0, READ_BYTES, null)
      ) {
        digest.update(buffer.subarray(0, got));
      }
      return digest.digest();
    } finally {
      this.#posix.close(fd);
    }
  }

  #discard(job: DiscardJob): void {
    const paths = this.#paths(job.place);
    this.#closeFiles();
    job.paths.forEach((path, i) => {
      this.#path = path as ByteString;
      const to = { dir: paths.stage.ensureDirectory(parentPath(path), OWN_FOLDER), name: lastName(path) };
      try {
        this.#posix.unlink(to.dir, to.name);
      } catch (error) {
        if (systemCode(error) !== 'ENOENT') throw error;
      }
      const from = job.from[i];
      if (typeof from === 'string' && paths.target !== undefined) {
        const dir = paths.target.directory(parentPath(from));
        linkOrCopy(this.#posix, this.#metadata, { dir, name: lastName(from) }, to);
      }
    });
  }

  #sync({ place }: SyncJob): void {
    if (!this.#posix.syncFilesystem(place.stage)) this.#posix.sync(place.stage);
  }

  #paths(place: JobPlace): PlacePaths {
    const known = this.#places.get(place.id);
    if (known !== undefined) return known;
    const paths = {
      stage: new FolderCache(this.#posix, place.stage, this.#openFolders),
      source: new FolderCache(this.#posix, place.stage, this.#openFolders),
      target: place.target < 0 ? undefined : new SafePath(this.#posix, place.target),
    };
    this.#places.set(place.id, paths);
    return paths;
  }
}

interface BlockContent {
  job: BlockJob;
  table: EntryTable;
  paths: PlacePaths;
  pieces: Pieces;
  plain: Buffer;
  sound: Uint8Array;
}
