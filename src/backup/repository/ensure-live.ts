import { toHex } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';
import {
  type ChunkKind,
  ID_BYTES,
  mergePackIndexes,
  type PackIndex,
  type PackInfo,
  RECORD_BYTES,
} from '../format/pack-index.ts';
import type { ChunkIndex } from './chunk-index.ts';
import { ChunkReader } from './chunk-reader.ts';
import { ChunkStorer, putIndexRun, type StoredPacks } from './chunk-storer.ts';
import { isDamage } from './damage.ts';
import { addUnindexedPacks, readIndexRuns, toChunkIndex } from './index-loader.ts';
import { type Liveness, listPacks } from './packs.ts';
import { readLiveness } from './read-liveness.ts';
import { ChunkMemory, type ChunkUse, type RememberedChunks } from './remembered-chunks.ts';
import type { Repository } from './repository.ts';

/** The content of a chunk from its source, or undefined where the source no longer has it. */
export type RestoreChunk = (kind: ChunkKind, id: Buffer) => Promise<Uint8Array | undefined>;

/**
 * Makes sure that every remembered chunk has a live copy (docs/FORMAT.md section 13, writer 4 and 6): reads the marks, lists the
 * packs, stores again what is not live, and starts over until one pass finds nothing to do.
 */
export class LiveKeeper {
  readonly #repository: Repository;
  readonly #session: Buffer;
  readonly #remembered: RememberedChunks;
  readonly #restoreChunk: RestoreChunk | undefined;
  /** Packs of `#remembered` that are given up: all their chunks have moved. */
  readonly #abandoned = new Set<string>();
  /** Where the moved chunks are now. */
  #moved = new ChunkMemory();
  /** What had to be put. */
  readonly stored: StoredPacks = { packs: [], indexes: [] };

  /** Without `restoreChunk`, lost chunks are read from whatever copy is still there. */
  constructor(repository: Repository, session: Buffer, remembered: RememberedChunks, restoreChunk?: RestoreChunk) {
    this.#repository = repository;
    this.#session = session;
    this.#remembered = remembered;
    this.#restoreChunk = restoreChunk;
  }

  /** Resolves once a pass has seen every chunk live. Throws `damaged` where a chunk cannot be had any more. */
  async ensure(): Promise<void> {
    for (;;) {
      const liveness = await readLiveness(this.#repository);
      const lost = await this.#lostChunks(liveness);
      if (lost.length === 0) return;
      await this.#move(lost, liveness);
    }
  }

  async #lostChunks(liveness: Liveness): Promise<ChunkUse[]> {
    const gone = await this.#deadPacks(this.#remembered, liveness);
    const goneAgain = await this.#deadPacks(this.#moved, liveness);
    const lost: ChunkUse[] = [...this.#moved.chunksIn(goneAgain)];
    if (gone.size > 0) for await (const chunk of this.#remembered.chunksIn(gone)) lost.push(chunk);
    for (const id of gone) this.#abandoned.add(id);
    this.#moved = this.#moved.without(goneAgain);
    return lost;
  }

  async #deadPacks(chunks: RememberedChunks, liveness: Liveness): Promise<Set<string>> {
    const dead = new Set<string>();
    for (const [id, size] of chunks.packs()) {
      const abandoned = chunks === this.#remembered && this.#abandoned.has(id);
      if (!abandoned && !(await liveness.isLive(id, size))) dead.add(id);
    }
    return dead;
  }

  /** Finds another live copy of each chunk, or stores it again. What is found is checked by the next pass. */
  async #move(lost: readonly ChunkUse[], liveness: Liveness): Promise<void> {
    const { index, orphans } = await this.#freshIndex();
    const reader = new ChunkReader(this.#repository, index);
    const storer = new ChunkStorer(this.#repository, this.#session);
    const storing = new Set<string>();
    const homeless: ChunkUse[] = [];
    for (const chunk of lost) {
      const home = liveCopy(index, chunk, liveness);
      if (home !== undefined) this.#moved.set(chunk.kind, chunk.id, home);
      else if (!storing.has(toHex(chunk.id))) {
        storing.add(toHex(chunk.id));
        await storer.add(chunk.kind, chunk.id, await this.#content(chunk, reader));
        homeless.push(chunk);
      }
    }
    await this.#adopt(orphans);
    const homes = packsById(await storer.flush());
    for (const chunk of homeless) this.#moved.set(chunk.kind, chunk.id, homes(chunk.id));
    this.stored.packs.push(...storer.stored.packs);
    this.stored.indexes.push(...storer.stored.indexes);
  }

  async #freshIndex(): Promise<{ index: ChunkIndex; orphans: PackIndex[] }> {
    const loaded = await readIndexRuns(this.#repository);
    await addUnindexedPacks(this.#repository, loaded, await listPacks(this.#repository.store));
    return { index: toChunkIndex(loaded), orphans: loaded.recovered };
  }

  /** What a snapshot leans on is named by an index run, even where whoever stored it died before putting one. */
  async #adopt(orphans: readonly PackIndex[]): Promise<void> {
    const homes = this.#moved.packs();
    const used = orphans.filter(({ packs }) => packs.some(({ id }) => homes.has(id)));
    if (used.length === 0) return;
    this.stored.indexes.push(await putIndexRun(this.#repository, this.#session, mergePackIndexes(used)));
  }

  async #content({ kind, id }: ChunkUse, reader: ChunkReader): Promise<Uint8Array> {
    let failure: unknown;
    try {
      return await reader.read(kind, id);
    } catch (error) {
      if (!isDamage(error)) throw error;
      failure = error;
    }
    const content = await this.#restoreChunk?.(kind, id);
    if (content !== undefined) return content;
    throw new HoldfastError('damaged', `Chunk ${toHex(id).slice(0, 16)} was collected and cannot be had again.`, {
      cause: failure,
      advice: 'Run the backup again.',
    });
  }
}

function liveCopy(index: ChunkIndex, { kind, id }: ChunkUse, liveness: Liveness): PackInfo | undefined {
  for (const record of index.copies(id)) {
    const { pack } = index.copy(record);
    if (pack.kind === kind && liveness.isListedLive(pack.id, pack.size)) return pack;
  }
  return undefined;
}

/** Looks up which of the index's packs holds a chunk. */
function packsById(index: PackIndex): (id: Buffer) => PackInfo {
  const packs = new Map<string, PackInfo>();
  for (let at = 0; at < index.records.length; at += RECORD_BYTES) {
    const block = index.records.readUInt32LE(at + ID_BYTES);
    packs.set(
      index.records.toString('latin1', at, at + ID_BYTES),
      index.packs[index.blockPack[block] as number] as PackInfo,
    );
  }
  return (id) => packs.get(id.toString('latin1')) as PackInfo;
}
