import { readSync } from 'node:fs';
import { type Chunker, createChunker } from '../../chunker/chunker.ts';
import { cutArrived, cutRest } from '../../chunker/cut-arrived.ts';
import { CHUNKER_PROFILES, type ChunkerParameters } from '../../chunker/parameters.ts';
import type { RingChunk, Span } from '../../chunker/ring.ts';
import type { ChunkRef, Hole } from '../../entry.ts';
import { MAX_HASHED_HOLES, ONE_CHUNK_BYTES } from '../../format/manifest-entry.ts';
import { ChunkListBuilder } from './chunk-list-builder.ts';
import type { ContentDigest } from './content-digest.ts';
import type { WritingSession } from './writing-session.ts';

/** Read at once. */
const SLICE_BYTES = 2 ** 20;
const LEAST_SLICE_BYTES = 64 * 1024;
/** Handed to one thread at once: one block. */
const GROUP_BYTES = 2 ** 20;

export interface StoredContent {
  digest: Buffer | undefined;
  chunks: ChunkRef[];
  indirect: boolean;
  /** Bytes of stored data. */
  length: number;
  added: number;
  newChunks: number;
  chunkCount: number;
}

/** Content that was read to its end, while the packing threads may still be at work on it. */
export interface ArrivedContent {
  /** Bytes of stored data. */
  length: number;
  stored: Promise<StoredContent>;
}

/** Hears how much was read. Reading goes on when what it gives resolves. */
export type OnRead = (bytes: number) => Promise<void> | undefined | void;

/** Gives the next bytes into `target` at once, or through a promise: how many, 0 at the end. */
export type ReadContent = (target: Uint8Array) => number | Promise<number>;

/**
 * Stores content of any length: reads it into shared memory slice by slice, cuts it there, and hands the chunks to the packing threads without
 * copying; one of them also makes the digest of the whole. One content is read at a time.
 */
export class ContentWriter {
  readonly #session: WritingSession;
  readonly #bytes: Uint8Array;
  readonly #chunkers = new Map<ChunkerParameters, Chunker>();
  readonly #atWork = new Set<Promise<void>>();

  constructor(session: WritingSession) {
    this.#session = session;
    this.#bytes = new Uint8Array(session.memory.buffer);
  }

  /** The same as `readFile`, until everything is stored. */
  async storeFile(fd: number, size: number, holes: readonly Hole[], onRead: OnRead): Promise<StoredContent> {
    const { stored } = await this.readFile(fd, size, holes, onRead);
    return stored;
  }

  /** An open file, `size` bytes with the given holes. Reads what is there: fewer bytes where it has become shorter. The next may follow at once. */
  async readFile(fd: number, size: number, holes: readonly Hole[], onRead: OnRead): Promise<ArrivedContent> {
    const head = Buffer.alloc(Math.min(size, 256));
    readSync(fd, head, 0, head.length, 0);
    const hashed = holes.reduce((sum, hole) => sum + hole.length, 0) <= MAX_HASHED_HOLES;
    const writing = this.#start(profileOf(head, size), hashed);
    try {
      await readAround(writing, fd, [...holes, { offset: size, length: 0 }], onRead);
      return writing.finish();
    } catch (error) {
      await writing.abandon();
      throw error;
    }
  }

  /**
   * A stream of unknown length. With `holes` it holds the stored data of a sparse file, and the digest is that of the whole content; `hashed` says
   * whether one is to be made.
   */
  async storeStream(
    stream: AsyncIterable<Uint8Array>,
    onRead: OnRead,
    { holes = [], hashed = true }: { holes?: readonly Hole[]; hashed?: boolean } = {},
  ): Promise<StoredContent> {
    let writing: Writing | undefined;
    const gaps = new Gaps(holes);
    try {
      for await (const piece of stream) {
        writing ??= this.#start(profileOf(piece, Number.POSITIVE_INFINITY), hashed);
        for (let at = 0; at < piece.length; ) {
          writing.hashZeros(gaps.skip());
          const most = Math.min(piece.length - at, gaps.distance);
          const got = await writing.read((target) => {
            const part = piece.subarray(at, at + Math.min(most, target.length));
            target.set(part);
            return part.length;
          });
          gaps.advance(got);
          at += got;
        }
        await onRead(piece.length);
      }
      writing ??= this.#start(CHUNKER_PROFILES.general, hashed);
      writing.hashZeros(gaps.skip());
      return await writing.finish().stored;
    } catch (error) {
      await writing?.abandon();
      throw error;
    }
  }

  #start(parameters: ChunkerParameters, hashed: boolean): Writing {
    return new Writing(this.#session, this.#bytes, this.#chunker(parameters), this.#atWork, hashed);
  }

  #chunker(parameters: ChunkerParameters): Chunker {
    const known = this.#chunkers.get(parameters);
    if (known !== undefined) return known;
    const chunker = createChunker(this.#session.memory, parameters);
    this.#chunkers.set(parameters, chunker);
    return chunker;
  }
}

/** Reads what lies between the holes, the last of which is the file's end; fewer bytes where the file has become shorter. */
async function readAround(writing: Writing, fd: number, holes: readonly Hole[], onRead: OnRead): Promise<void> {
  let position = 0;
  for (const hole of holes) {
    while (position < hole.offset) {
      const from = position;
      const got = await writing.read((target) =>
        readSync(fd, target, 0, Math.min(target.length, hole.offset - from), from),
      );
      if (got === 0) return;
      const waiting = onRead(got);
      if (waiting !== undefined) await waiting;
      position += got;
    }
    writing.hashZeros(hole.length);
    position = hole.offset + hole.length;
  }
}

/** Where the holes of a sparse file stand while its stored data comes along. */
class Gaps {
  readonly #holes: readonly Hole[];
  #next = 0;
  #position = 0;

  constructor(holes: readonly Hole[]) {
    this.#holes = holes;
  }

  /** Bytes of data up to the next hole. */
  get distance(): number {
    const hole = this.#holes[this.#next];
    return hole === undefined ? Number.POSITIVE_INFINITY : hole.offset - this.#position;
  }

  advance(bytes: number): void {
    this.#position += bytes;
  }

  /** Passes over the holes that begin here; gives how long they are together. */
  skip(): number {
    let length = 0;
    while (this.distance === 0) {
      const hole = this.#holes[this.#next++] as Hole;
      length += hole.length;
      this.#position += hole.length;
    }
    return length;
  }
}

const ONE_CHUNK: ChunkerParameters = { kind: 'fixed', sizeBytes: ONE_CHUNK_BYTES };
const SQL_DUMP =
  /^(--|\/\*|\s)*[^\n]*\b(MySQL dump|MariaDB dump|PostgreSQL database (cluster )?dump|PRAGMA foreign_keys|BEGIN TRANSACTION)/;

/** How content is cut, by its first bytes. Content of one chunk is not cut at all. */
function profileOf(head: Uint8Array, size: number): ChunkerParameters {
  if (size <= ONE_CHUNK_BYTES) return ONE_CHUNK;
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 256)).toString('latin1');
  if (start.startsWith('SQLite format 3\0')) return CHUNKER_PROFILES.database;
  if (SQL_DUMP.test(start)) return CHUNKER_PROFILES.dump;
  return CHUNKER_PROFILES.general;
}

/** Chunks given to threads. */
interface Running {
  chunks: RingChunk[];
  /** They were packed and hashed. */
  done: Promise<void>;
  isDone: boolean;
  /** 32 bytes each, once they were packed. */
  ids: Buffer;
}

/** One content on its way. */
class Writing {
  readonly #session: WritingSession;
  readonly #bytes: Uint8Array;
  readonly #chunker: Chunker;
  readonly #digest: ContentDigest | undefined;
  /** How many hold each chunk: whoever packs it, and the digest. */
  readonly #holders: number;
  readonly #list: ChunkListBuilder;
  /** All that the threads are doing, for contents before this one too: whatever ends gives memory back. What failed stays. */
  readonly #atWork: Set<Promise<void>>;
  #group: RingChunk[] = [];
  #groupBytes = 0;
  /** Groups given to threads, in order. */
  readonly #running: Running[] = [];
  #length = 0;
  #added = 0;
  #newChunks = 0;

  constructor(
    session: WritingSession,
    bytes: Uint8Array,
    chunker: Chunker,
    atWork: Set<Promise<void>>,
    hashed: boolean,
  ) {
    this.#session = session;
    this.#bytes = bytes;
    this.#chunker = chunker;
    this.#atWork = atWork;
    this.#digest = hashed ? session.startDigest() : undefined;
    this.#holders = hashed ? 2 : 1;
    this.#list = new ChunkListBuilder((content) => session.storeMeta(content));
  }

  /** Lets `read` fill the next room, and takes what came. Returns how many bytes that were. */
  async read(read: ReadContent): Promise<number> {
    const room = await this.#room();
    const target = this.#bytes.subarray(room.offset, room.offset + room.length);
    const got = await read(target);
    this.#length += got;
    for (const chunk of cutArrived(this.#session.ring, this.#chunker, got, this.#holders)) this.#take(chunk);
    return got;
  }

  hashZeros(length: number): void {
    this.#digest?.addZeros(this.#length, length);
  }

  /** Says that nothing more comes. */
  finish(): ArrivedContent {
    const rest = cutRest(this.#session.ring, this.#holders);
    if (rest !== undefined) this.#take(rest);
    this.#sendGroup();
    const stored = this.#result();
    // Whoever waits sees the failure; this only keeps it from being reported as unhandled before.
    stored.catch(() => {});
    return { length: this.#length, stored };
  }

  async #result(): Promise<StoredContent> {
    const [digest] = await Promise.all([this.#digest?.finish(), ...this.#running.map(({ done }) => done)]);
    return {
      digest,
      ...this.#list.finish(),
      length: this.#length,
      added: this.#added,
      newChunks: this.#newChunks,
      chunkCount: this.#list.count,
    };
  }

  /** Lets go of everything, where the content cannot be read to its end, so that nothing of it gets into the next one. */
  async abandon(): Promise<void> {
    const { ring } = this.#session;
    ring.discard();
    for (let holder = 0; holder < this.#holders; holder++) this.#release(this.#group);
    this.#group = [];
    await Promise.allSettled([...this.#running.map(({ done }) => done), this.#digest?.abandon()]);
  }

  async #room(): Promise<Span> {
    await this.#session.ready();
    for (;;) {
      const room = this.#session.ring.reserve(LEAST_SLICE_BYTES, SLICE_BYTES);
      if (room !== undefined) return room;
      this.#sendGroup();
      await Promise.race(this.#atWork);
    }
  }

  #take(chunk: RingChunk): void {
    this.#group.push(chunk);
    this.#digest?.take(chunk);
    this.#groupBytes += chunk.length;
    if (this.#groupBytes >= GROUP_BYTES) this.#sendGroup();
  }

  #sendGroup(): void {
    if (this.#group.length === 0) return;
    const running: Running = { chunks: this.#group, done: Promise.resolve(), isDone: false, ids: Buffer.alloc(0) };
    const spans = this.#group.flatMap(({ offset, length }) => [offset, length]);
    const packed = this.#session.pool.run({ kind: 'chunks', spans }, this.#groupBytes).then((result) => {
      running.ids = Buffer.from(result.ids.buffer, result.ids.byteOffset, result.ids.byteLength);
      this.#added += result.bytesAdded;
      this.#newChunks += result.chunksAdded;
      this.#release(running.chunks);
    });
    const hashed = this.#digest?.send().then(() => this.#release(running.chunks));
    running.done = Promise.all([packed, hashed]).then(() => {
      running.isDone = true;
      this.#collectDone();
    });
    this.#atWork.add(running.done);
    running.done.then(
      () => this.#atWork.delete(running.done),
      () => {},
    );
    this.#running.push(running);
    this.#group = [];
    this.#groupBytes = 0;
  }

  #release(chunks: readonly RingChunk[]): void {
    for (const { ticket } of chunks) this.#session.ring.release(ticket);
  }

  #collectDone(): void {
    for (let first = this.#running[0]; first?.isDone === true; first = this.#running[0]) {
      const { ids } = first;
      first.chunks.forEach(({ length }, i) => {
        this.#list.add(ids.subarray(32 * i, 32 * i + 32), length);
      });
      this.#running.shift();
    }
  }
}
