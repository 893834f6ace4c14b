import { createHash, hash } from 'node:crypto';
import { HoldfastError } from '../../../shared/errors.ts';
import type { ArchiveMember } from '../../archive/tar-reader.ts';
import type { Hole } from '../../entry.ts';
import { ONE_CHUNK_BYTES, type StoredEntry, storedBytes } from '../../format/manifest-entry.ts';
import { DATA } from '../../format/pack-index.ts';
import { ChunkFeeder } from '../writing/chunk-feeder.ts';
import { ContentWriter } from '../writing/content-writer.ts';
import type { WritingSession } from '../writing/writing-session.ts';
import { fillHoles, keepLargest, zeros } from './sparse-content.ts';

/** Zeros of holes that one import hashes or fills in, all files together: a header of 512 bytes can ask for petabytes. */
const MAX_ZEROS = 64 * 2 ** 30;

/** Stores the contents of an archive's files as they come along. */
export class MemberStorer {
  readonly #session: WritingSession;
  readonly #feeder: ChunkFeeder;
  readonly #contents: ContentWriter;
  #zerosLeft = MAX_ZEROS;
  #largeAdded = 0;
  /** Chunks of files whose list of chunks is kept apart from the manifest. */
  listedChunks = 0;

  constructor(session: WritingSession) {
    this.#session = session;
    this.#feeder = new ChunkFeeder(session);
    this.#contents = new ContentWriter(session);
  }

  /** Bytes that were new to the repository, as far as the threads have told. */
  get bytesAdded(): number {
    return this.#feeder.bytesAdded + this.#largeAdded;
  }

  /**
   * Stores a file's content; gives the entry with what the manifest says about it. Undefined where the file has so many holes that they cannot be
   * recorded, and filling them would take too long.
   */
  async store({ entry, content }: ArchiveMember, onRead: (bytes: number) => void): Promise<StoredEntry | undefined> {
    const holes = entry.holes ?? [];
    const { kept, filled } = keepLargest(holes);
    if (filled.size > 0 && !this.#spendZeros(filled)) return undefined;
    const fitted: StoredEntry = { ...entry, holes: kept.length > 0 ? kept : undefined };
    if (entry.size === 0) return fitted;
    const data = filled.size > 0 ? fillHoles(content, holes, filled) : content;
    const hashed = kept.length === 0 || this.#spendZeros(kept);
    const length = storedBytes(fitted);
    if (length > ONE_CHUNK_BYTES) return this.#storeLarge(fitted, data, hashed, onRead);
    return this.#storeSmall(fitted, data, length, hashed, onRead);
  }

  /** Everything stored so far is in the hands of a pack. */
  settle(): Promise<void> {
    return this.#feeder.settle();
  }

  async #storeSmall(
    entry: StoredEntry,
    data: AsyncIterable<Uint8Array>,
    length: number,
    hashed: boolean,
    onRead: (bytes: number) => void,
  ): Promise<StoredEntry> {
    if (length === 0)
      return { ...entry, chunks: [], digest: hashed ? digestAround(entry, new Uint8Array()) : undefined };
    const room = await this.#feeder.room(length);
    let at = 0;
    for await (const piece of data) {
      if (at + piece.length > length) throw wrongLength();
      room.set(piece, at);
      at += piece.length;
    }
    if (at !== length) throw wrongLength();
    onRead(length);
    const digest = hash('sha256', room, 'buffer');
    const id = this.#session.repository.hasher.id(DATA, digest);
    const whole = entry.holes === undefined ? digest : hashed ? digestAround(entry, room) : undefined;
    if (!this.#session.use(id)) this.#feeder.take();
    return { ...entry, chunks: [{ id, length }], digest: whole };
  }

  async #storeLarge(
    entry: StoredEntry,
    data: AsyncIterable<Uint8Array>,
    hashed: boolean,
    onRead: (bytes: number) => void,
  ): Promise<StoredEntry> {
    // Both work in the same memory, and neither can wait for the other's chunks.
    await this.#feeder.settle();
    const { digest, chunks, indirect, added, chunkCount } = await this.#contents.storeStream(data, onRead, {
      holes: entry.holes ?? [],
      hashed,
    });
    this.#largeAdded += added;
    if (indirect) this.listedChunks += chunkCount;
    return { ...entry, digest, chunks, indirect };
  }

  #spendZeros(holes: Iterable<Hole>): boolean {
    let length = 0;
    for (const hole of holes) length += hole.length;
    if (length > this.#zerosLeft) return false;
    this.#zerosLeft -= length;
    return true;
  }
}

/** SHA-256 of the whole content of a sparse file, of which `data` is stored. */
function digestAround(entry: StoredEntry, data: Uint8Array): Buffer {
  const digest = createHash('sha256');
  let position = 0;
  let taken = 0;
  for (const hole of [...(entry.holes ?? []), { offset: entry.size, length: 0 }]) {
    const length = hole.offset - position;
    digest.update(data.subarray(taken, taken + length));
    for (const piece of zeros(hole.length)) digest.update(piece);
    taken += length;
    position = hole.offset + hole.length;
  }
  return digest.digest();
}

function wrongLength(): HoldfastError {
  return new HoldfastError('damaged', 'The archive holds another number of bytes for a file than its header says.');
}
