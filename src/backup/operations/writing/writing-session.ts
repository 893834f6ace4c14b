import { hash } from 'node:crypto';
import { HoldfastError, systemCode } from '../../../shared/errors.ts';
import { formatBytes } from '../../../shared/sizes.ts';
import { type ChunkMemory, createChunkMemory } from '../../chunker/chunk-memory.ts';
import { ChunkRing } from '../../chunker/ring.ts';
import { deriveFromId } from '../../crypto/keyring.ts';
import type { ChunkRef } from '../../entry.ts';
import { discard } from '../../format/compression.ts';
import { encodeIndexRun } from '../../format/index-run.ts';
import { objectId } from '../../format/pack.ts';
import {
  META,
  mergePackIndexes,
  type PackIndex,
  type PackInfo,
  packName,
  RECORD_BYTES,
} from '../../format/pack-index.ts';
import type { SpoolFileSystem } from '../../ports.ts';
import { openPosix } from '../../posix/open-posix.ts';
import type { Posix } from '../../posix/posix.ts';
import { ChunkIndex } from '../../repository/chunk-index.ts';
import { ChunkReader } from '../../repository/chunk-reader.ts';
import { addUnindexedPacks, readIndexRuns } from '../../repository/index-loader.ts';
import type { Liveness } from '../../repository/packs.ts';
import { readLiveness } from '../../repository/read-liveness.ts';
import type { Repository } from '../../repository/repository.ts';
import { Session } from '../../repository/sessions.ts';
import { ChunkTable } from '../../threads/chunk-table.ts';
import { createInlinePool, createThreadPool, type PackPool, packingError } from '../../threads/pack-pool.ts';
import { PackWriter } from '../../threads/pack-writer.ts';
import { SpareThreads } from '../../threads/spare-threads.ts';
import { ContentDigest } from './content-digest.ts';

/** Memory for content on its way from the reader to the packing threads. */
const CONTENT_BYTES = 24 * 2 ** 20;
/** Packs on their way into the store; more would only pile up. */
const MAX_PUTS = 4;
/** How often what was stored so far is made findable, so that a crash loses little. */
const INDEX_EVERY_MS = 10 * 60 * 1000;
/** Or sooner, when this many chunks wait for it: an index run is built in memory. */
const MAX_UNINDEXED_RECORDS = 100_000;

export interface WritingOptions {
  operation: string;
  /** Packing threads; 0: everything happens in the caller's thread. */
  threads: number;
  /** Threads that may have booted already; the session ends them. */
  spares?: SpareThreads | undefined;
  /** How packs are written into the spool folder by the caller's own thread. */
  files: SpoolFileSystem;
  posix: 'auto' | 'off';
  signal?: AbortSignal | undefined;
  /** It ends with `storage_full` before it stores more. */
  maxStoredBytes?: number | undefined;
}

/** What a writing session put into the store since it was last finished. */
export interface Written {
  packs: PackInfo[];
  indexes: string[];
  /** Bytes of all of it. */
  stored: number;
}

/**
 * A session that adds chunks: what backup, import and copy have in common. It deduplicates against live packs, packs what is new in threads, puts
 * packs and index runs as they are finished, and remembers which packs of others the new snapshot leans on (docs/FORMAT.md section 13, steps 1 to 3).
 */
export class WritingSession {
  readonly repository: Repository;
  readonly session: Session;
  readonly posix: Posix;
  /** Reads meta chunks: parents' manifests. */
  readonly reader: ChunkReader;
  readonly memory: ChunkMemory;
  readonly ring: ChunkRing;
  /** Keys the boundaries of manifest chunks. */
  readonly manifestKey: Buffer;
  readonly #pool: PackPool;
  readonly #meta: PackWriter;
  readonly #usedBlocks: Uint8Array;
  /** Meta chunks known before that this session has stored again; undefined while they are trusted. */
  #storedAgain: Set<string> | undefined;
  /** The packs of other sessions by block number, for `usedPacks`. */
  readonly #blockPacks: PackOfBlock[];
  /** Packs that no index run names: an interrupted backup left them, or one that is still at work. */
  #orphans: readonly PackIndex[];
  #table: ChunkTable;
  readonly #puts = new Set<Promise<void>>();
  #failure: unknown;
  #unindexed: PackIndex[] = [];
  #unindexedRecords = 0;
  readonly #packs: PackInfo[] = [];
  readonly #indexes: string[] = [];
  #lastIndex: number;
  #stored = 0;
  /** Bytes of packs that are stored or on their way. */
  #promised = 0;
  readonly #maxStored: number;
  #metaAdded = 0;
  #digests = 0;
  /** What earlier calls of `finish` have told. */
  #finished = { packs: 0, indexes: 0, stored: 0 };

  private constructor(
    repository: Repository,
    session: Session,
    known: KnownChunks,
    spool: string,
    spares: SpareThreads | undefined,
    options: WritingOptions,
  ) {
    this.repository = repository;
    this.session = session;
    this.posix = openPosix({ native: options.posix });
    this.reader = known.reader;
    this.manifestKey = deriveFromId(repository.ring, 'holdfast manifest key');
    this.memory = createChunkMemory(deriveFromId(repository.ring, 'holdfast chunker key'), CONTENT_BYTES);
    this.ring = new ChunkRing(this.memory);
    this.#table = known.table;
    this.#blockPacks = known.blockPacks;
    this.#orphans = known.orphans;
    const usedBlocks = new SharedArrayBuffer(Math.max(1, known.blocks));
    this.#usedBlocks = new Uint8Array(usedBlocks);
    this.#lastIndex = repository.clock.monotonic();
    this.#maxStored = options.maxStoredBytes ?? Number.POSITIVE_INFINITY;
    const setup = {
      idSecret: repository.ring.idSecret,
      epochs: repository.ring.epochs,
      repositoryId: repository.header.repositoryId,
      session: session.bytes,
      table: this.#table.shared,
      usedBlocks,
      content: this.memory.buffer,
      spool,
      posix: options.posix,
    };
    const onPack = (path: string, index: PackIndex) => this.#put(path, index);
    const { files } = options;
    this.#pool =
      spares !== undefined
        ? createThreadPool(options.threads, setup, onPack, spares)
        : createInlinePool({ ...setup, thread: 0 }, { files, posix: this.posix, random: repository.random }, onPack);
    let metaPacks = 0;
    this.#meta = new PackWriter({
      sealer: repository.sealer,
      session: session.bytes,
      kind: META,
      files,
      nextPath: () => `${spool}/pack-${session.id}-meta-${metaPacks++}`,
      onPack: ({ path, index }) => onPack(path, index),
    });
  }

  static async open(repository: Repository, options: WritingOptions): Promise<WritingSession> {
    const spares = options.threads > 0 ? (options.spares ?? new SpareThreads()) : undefined;
    spares?.boot(1);
    try {
      return await WritingSession.#openWith(spares, repository, options);
    } catch (error) {
      await spares?.close();
      throw error;
    }
  }

  static async #openWith(
    spares: SpareThreads | undefined,
    repository: Repository,
    options: WritingOptions,
  ): Promise<WritingSession> {
    const session = await Session.start(repository, { operation: options.operation });
    try {
      const [known, spool] = await Promise.all([
        readKnownChunks(repository, options.signal),
        repository.store.spoolFolder(),
      ]);
      return new WritingSession(repository, session, known, spool, spares, options);
    } catch (error) {
      await session.end();
      throw error;
    }
  }

  get pool(): Pick<PackPool, 'run'> {
    return this.#pool;
  }

  /** A digest of content in the session's memory, which the packing threads make. */
  startDigest(): ContentDigest {
    return new ContentDigest(this.#pool, this.#digests++);
  }

  /** Resolves when there is room for more work; rejects as soon as anything has failed. */
  async ready(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    while (this.#puts.size >= MAX_PUTS) await Promise.race(this.#puts);
    if (this.#table.crowded) await this.#growTable();
    if (this.#indexIsDue()) await this.#putIndex();
    await this.#pool.ready();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** True when a live copy of the chunk exists, which the snapshot then leans on. */
  use(id: Buffer): boolean {
    return this.#table.use(id, this.#usedBlocks);
  }

  /** Stores one meta chunk, unless it is known. */
  storeMeta(content: Buffer): ChunkRef {
    const id = this.repository.hasher.id(META, hash('sha256', content, 'buffer'));
    const isNew = this.#table.claim(id, this.#usedBlocks);
    if (isNew || this.#storeAgain(id)) {
      this.#guard(() => this.#meta.add(id, content));
      this.#metaAdded += content.length;
    }
    return { id, length: content.length };
  }

  /** Some meta chunk could not be read although the index names it: from now on each that comes up is stored again, for others may be as bad. */
  distrustMeta(): void {
    this.#storedAgain ??= new Set();
  }

  #storeAgain(id: Buffer): boolean {
    const key = id.toString('latin1');
    if (this.#storedAgain === undefined || this.#storedAgain.has(key)) return false;
    this.#storedAgain.add(key);
    return true;
  }

  /** Bytes of new meta chunks before compression. */
  get metaAdded(): number {
    return this.#metaAdded;
  }

  /** Everything stored is in the store, and findable, when this resolves. More may be stored afterwards, for another snapshot. */
  async finish(): Promise<Written> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#guard(() => this.#meta.finish());
    await this.#pool.finish();
    await this.#settle();
    this.#adoptOrphans();
    await this.#putIndex();
    const { packs, indexes, stored } = this.#finished;
    this.#finished = { packs: this.#packs.length, indexes: this.#indexes.length, stored: this.#stored };
    return {
      packs: this.#packs.slice(packs),
      indexes: this.#indexes.slice(indexes),
      stored: this.#stored - stored,
    };
  }

  /** Every pack that the manifest leans on, with its size: what was written here, and what was found known. */
  packsInUse(): Map<string, number> {
    const used = new Map(this.#packs.map(({ id, size }) => [id, size]));
    for (const { firstBlock, index } of this.#blockPacks) {
      index.blockPack.forEach((number, block) => {
        const pack = index.packs[number] as PackInfo;
        if (this.#usedBlocks[firstBlock + block] === 1) used.set(pack.id, pack.size);
      });
    }
    return used;
  }

  /** Ends the threads. The session's objects stay: `session.end()` is the caller's, after the snapshot is confirmed. */
  async close(): Promise<void> {
    this.#meta.abandon();
    await this.#pool.close().catch(() => {});
    await Promise.allSettled(this.#puts);
  }

  /** A pack whose writing failed must never be completed, whoever hears of the error first. */
  #guard(write: () => void): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      write();
    } catch (error) {
      this.#meta.abandon();
      this.#failure = packingError(error instanceof Error ? error.message : String(error), systemCode(error));
      throw this.#failure;
    }
  }

  #put(path: string, index: PackIndex): void {
    const pack = index.packs[0] as PackIndex['packs'][number];
    this.#promised += pack.size;
    if (this.#promised > this.#maxStored) {
      this.#failure ??= tooMuch(this.#maxStored);
      return;
    }
    const put = this.repository.store.put(packName(pack.id), { path, size: pack.size }).then(
      () => {
        this.#packs.push(pack);
        this.#unindexed.push(index);
        this.#unindexedRecords += index.records.length / RECORD_BYTES;
        this.#stored += pack.size;
      },
      (error: unknown) => {
        this.#failure ??= error;
      },
    );
    this.#puts.add(put);
    void put.finally(() => this.#puts.delete(put));
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#puts);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #indexIsDue(): boolean {
    const late = this.repository.clock.monotonic() - this.#lastIndex > INDEX_EVERY_MS;
    return late || this.#unindexedRecords > MAX_UNINDEXED_RECORDS;
  }

  /** What a snapshot leans on is named by an index run, even where whoever stored it died before putting one. */
  #adoptOrphans(): void {
    if (this.#orphans.length === 0) return;
    const used = this.packsInUse();
    const isUsed = ({ packs }: PackIndex): boolean => packs.some(({ id }) => used.has(id));
    this.#unindexed.push(...this.#orphans.filter(isUsed));
    this.#orphans = this.#orphans.filter((orphan) => !isUsed(orphan));
  }

  async #putIndex(): Promise<void> {
    this.#lastIndex = this.repository.clock.monotonic();
    if (this.#unindexed.length === 0) return;
    const merged = mergePackIndexes(this.#unindexed);
    const run = encodeIndexRun(this.repository.sealer, this.session.bytes, merged);
    for (const { records } of [merged, ...this.#unindexed]) discard(records);
    this.#unindexed = [];
    this.#unindexedRecords = 0;
    const id = objectId(run);
    const size = run.length;
    await this.repository.store.put(`index/${id}`, run);
    discard(run);
    this.#indexes.push(id);
    this.#stored += size;
  }

  async #growTable(): Promise<void> {
    await this.#pool.useTable(() => {
      this.#table = this.#table.grown();
      return this.#table;
    });
  }
}

function tooMuch(limitBytes: number): HoldfastError {
  return new HoldfastError('storage_full', `There is room for ${formatBytes(limitBytes)}, and more would be stored.`, {
    details: { limitBytes },
  });
}

interface PackOfBlock {
  firstBlock: number;
  index: Pick<PackIndex, 'packs' | 'blockPack'>;
}

interface KnownChunks {
  table: ChunkTable;
  blocks: number;
  blockPacks: PackOfBlock[];
  orphans: PackIndex[];
  reader: ChunkReader;
}

/** Step 2: indexes, then marks, then packs; only live copies count. */
async function readKnownChunks(repository: Repository, signal: AbortSignal | undefined): Promise<KnownChunks> {
  const loaded = await readIndexRuns(repository, { signal });
  const liveness = await readLiveness(repository, signal);
  await addUnindexedPacks(repository, loaded, liveness.listed);
  const parts = [...loaded.runs.map(({ index }) => index), ...loaded.recovered];
  const table = ChunkTable.create(
    parts.reduce((sum, part) => sum + part.records.length / RECORD_BYTES, 0) + EXPECTED_NEW_CHUNKS,
  );
  const blockPacks: PackOfBlock[] = [];
  let blocks = 0;
  for (const part of parts) {
    const live = part.packs.every((pack) => isLive(liveness, pack.id, pack.size))
      ? part
      : mergePackIndexes([part], ({ id, size }) => isLive(liveness, id, size));
    table.load(live, blocks);
    blockPacks.push({ firstBlock: blocks, index: { packs: live.packs, blockPack: live.blockPack } });
    blocks += live.blockPack.length;
  }
  // Reading parents needs meta chunks alone: the many records of data chunks may go.
  const meta = parts.map((part) => mergePackIndexes([part], ({ kind }) => kind === META));
  for (const { index } of loaded.runs) discard(index.records);
  return {
    table,
    blocks,
    blockPacks,
    orphans: loaded.recovered,
    reader: new ChunkReader(repository, new ChunkIndex(meta)),
  };
}

const EXPECTED_NEW_CHUNKS = 16_384;

function isLive(liveness: Liveness, id: string, size: number): boolean {
  return liveness.isListedLive(id, size);
}
