import { createHash } from 'node:crypto';
import { toHex } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { ENVELOPE_BYTES, type ObjectOpener } from '../crypto/sealer.ts';
import { type DecodedBlock, decodeBlock, packType } from '../format/pack.ts';
import { type ChunkKind, type PackInfo, packName } from '../format/pack-index.ts';
import type { ChunkCopy, ChunkIndex } from './chunk-index.ts';
import { isNotFound, isUnusable } from './damage.ts';
import { readIndexRuns, readWholeIndex, toChunkIndex } from './index-loader.ts';
import { LruCache } from './lru-cache.ts';
import type { Repository } from './repository.ts';

const BLOCK_CACHE_BYTES = 8 * 2 ** 20;
const OPENER_CACHE = 512;

/**
 * Reads single chunks, for what is read here and there: manifests above all. Tries every copy, marked packs too; where none serves, reads
 * the indexes again, and what the packs say themselves. Every chunk is checked against its ID.
 */
export class ChunkReader {
  readonly repository: Repository;
  #index: ChunkIndex | undefined;
  #complete = false;
  readonly #blocks = new LruCache<DecodedBlock>(BLOCK_CACHE_BYTES, (block) => block.plain.length);
  readonly #openers = new LruCache<ObjectOpener>(OPENER_CACHE, () => 1);

  /** Without `index` the runs are read at the first need. */
  constructor(repository: Repository, index?: ChunkIndex) {
    this.repository = repository;
    this.#index = index;
  }

  /** The lookup in use; grows when something was missing. */
  async index(): Promise<ChunkIndex> {
    this.#index ??= toChunkIndex(await readIndexRuns(this.repository));
    return this.#index;
  }

  /** The content of a chunk. Throws `damaged`, naming the objects that should hold it. */
  async read(kind: ChunkKind, id: Buffer): Promise<Buffer> {
    const failures = new Map<string, string>();
    const found = (await this.#tryCopies(kind, id, failures)) ?? (await this.#tryAgain(kind, id, failures));
    if (found !== undefined) return found;
    throw chunkLost(id, failures);
  }

  async #tryAgain(kind: ChunkKind, id: Buffer, failures: Map<string, string>): Promise<Buffer | undefined> {
    if (this.#complete) return undefined;
    this.#index = await readWholeIndex(this.repository);
    const found = await this.#tryCopies(kind, id, failures);
    // Once nothing helped, further losses are not going to be cured by reading everything again for each.
    this.#complete = found === undefined;
    return found;
  }

  async #tryCopies(kind: ChunkKind, id: Buffer, failures: Map<string, string>): Promise<Buffer | undefined> {
    const index = await this.index();
    for (const record of index.copies(id)) {
      const copy = index.copy(record);
      if (copy.pack.kind !== kind) continue;
      try {
        return await this.#readCopy(kind, id, copy);
      } catch (error) {
        if (!isNotFound(error) && !isUnusable(error)) throw error;
        failures.set(packName(copy.pack.id), error instanceof Error ? error.message : String(error));
      }
    }
    return undefined;
  }

  async #readCopy(kind: ChunkKind, id: Buffer, copy: ChunkCopy): Promise<Buffer> {
    const { plain, offsets } = await this.#block(copy);
    const position = offsets.indexOf(copy.offset);
    if (position < 0 || offsets[position + 1] !== copy.offset + copy.length) {
      throw new HoldfastError('damaged', 'the index and a block disagree about a chunk');
    }
    const content = plain.subarray(copy.offset, copy.offset + copy.length);
    const digest = createHash('sha256').update(content).digest();
    if (!this.repository.hasher.id(kind, digest).equals(id)) {
      throw new HoldfastError('damaged', 'a chunk does not have the content that its ID promises');
    }
    return content;
  }

  async #block({ pack, blockOffset, blockLength }: ChunkCopy): Promise<DecodedBlock> {
    const key = `${pack.id} ${blockOffset}`;
    const cached = this.#blocks.get(key);
    if (cached !== undefined) return cached;
    const [opener, bytes] = await Promise.all([
      this.#opener(pack),
      this.repository.store.get(packName(pack.id), { offset: blockOffset, length: blockLength }),
    ]);
    if (bytes.length !== blockLength) throw new HoldfastError('damaged', 'it ends too early');
    const block = decodeBlock(opener, bytes);
    this.#blocks.set(key, block);
    return block;
  }

  async #opener(pack: PackInfo): Promise<ObjectOpener> {
    const cached = this.#openers.get(pack.id);
    if (cached !== undefined) return cached;
    const envelope = await this.repository.store.get(packName(pack.id), { offset: 0, length: ENVELOPE_BYTES });
    const opener = this.repository.sealer.open(packType(pack.kind), envelope);
    this.#openers.set(pack.id, opener);
    return opener;
  }
}

function chunkLost(id: Buffer, failures: ReadonlyMap<string, string>): HoldfastError {
  const named = [...failures].map(([object, problem]) => `${object} (${problem})`);
  const where = named.length === 0 ? 'no pack holds it' : named.join(', ');
  return new HoldfastError('damaged', `Chunk ${toHex(id).slice(0, 16)} cannot be read: ${where}.`, {
    advice: 'Run verify to see what it affects; restore with --keep-going saves everything else.',
    details: { objects: [...failures.keys()], chunk: toHex(id) },
  });
}
