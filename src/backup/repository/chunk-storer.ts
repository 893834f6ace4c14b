import { createHash } from 'node:crypto';
import { toHex } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { ENVELOPE_BYTES, type ObjectSealer } from '../crypto/sealer.ts';
import { encodeIndexRun } from '../format/index-run.ts';
import { encodeBlock, encodeTrailer, objectId, packType, writeRecord } from '../format/pack.ts';
import {
  type ChunkKind,
  DATA,
  META,
  mergePackIndexes,
  type PackIndex,
  packName,
  RECORD_BYTES,
} from '../format/pack-index.ts';
import type { Repository } from './repository.ts';

const BLOCK_BYTES = 2 ** 20;
const PACK_BYTES = 32 * 2 ** 20;

/** What a session has put so far. */
export interface StoredPacks {
  packs: string[];
  indexes: string[];
}

/**
 * Stores chunks in this thread: for repairs, collections and small writers. Packs are put as they fill; `flush` puts the rest and an
 * index run for everything since the last flush.
 */
export class ChunkStorer {
  readonly #repository: Repository;
  readonly #session: Buffer;
  readonly #packBytes: number;
  readonly #open = new Map<ChunkKind, PackBuilder>();
  #unindexed: PackIndex[] = [];
  /** IDs of what was put, in order. */
  readonly stored: StoredPacks = { packs: [], indexes: [] };
  /** Bytes of all packs that were put. */
  storedBytes = 0;

  constructor(repository: Repository, session: Buffer, packBytes = PACK_BYTES) {
    this.#repository = repository;
    this.#session = session;
    this.#packBytes = packBytes;
  }

  /** Adds a chunk whose ID the caller knows; it is checked, since a wrong ID would spread. */
  async add(kind: ChunkKind, id: Buffer, content: Uint8Array): Promise<void> {
    if (!this.chunkId(kind, content).equals(id)) {
      throw new HoldfastError('internal', `Chunk ${toHex(id).slice(0, 16)} was about to be stored with other content.`);
    }
    const pack = this.#open.get(kind) ?? new PackBuilder(this.#repository, this.#session, kind);
    this.#open.set(kind, pack);
    pack.add(id, content);
    if (pack.bytes >= this.#packBytes) await this.#put(kind, pack);
  }

  chunkId(kind: ChunkKind, content: Uint8Array): Buffer {
    return this.#repository.hasher.id(kind, createHash('sha256').update(content).digest());
  }

  async #put(kind: ChunkKind, builder: PackBuilder): Promise<void> {
    this.#open.delete(kind);
    const { id, bytes, index } = builder.finish();
    await this.#repository.store.put(packName(id), bytes);
    this.stored.packs.push(id);
    this.storedBytes += bytes.length;
    this.#unindexed.push(index);
  }

  /** Puts what is open, then the index run; gives the index of what was put since the last time. */
  async flush(): Promise<PackIndex> {
    for (const kind of [DATA, META] as const) {
      const pack = this.#open.get(kind);
      if (pack !== undefined) await this.#put(kind, pack);
    }
    const index = mergePackIndexes(this.#unindexed);
    if (index.packs.length > 0) this.stored.indexes.push(await putIndexRun(this.#repository, this.#session, index));
    this.#unindexed = [];
    return index;
  }
}

/** Puts an index run; gives its ID. */
export async function putIndexRun(repository: Repository, session: Buffer, index: PackIndex): Promise<string> {
  const bytes = encodeIndexRun(repository.sealer, session, index);
  const id = objectId(bytes);
  await repository.store.put(`index/${id}`, bytes);
  return id;
}

interface PendingChunk {
  id: Buffer;
  content: Uint8Array;
}

/** One pack in memory. */
class PackBuilder {
  readonly #kind: ChunkKind;
  readonly #sealer: ObjectSealer;
  readonly #session: Buffer;
  readonly #parts: Buffer[];
  readonly #blocks: { offset: number; length: number; plainLength: number }[] = [];
  readonly #records: Buffer[] = [];
  #pending: PendingChunk[] = [];
  #pendingBytes = 0;
  #length = ENVELOPE_BYTES;

  constructor(repository: Repository, session: Buffer, kind: ChunkKind) {
    this.#kind = kind;
    this.#session = session;
    this.#sealer = repository.sealer.seal(packType(kind), session);
    this.#parts = [this.#sealer.envelope];
  }

  /** What the pack will have at least, before compression of what is pending. */
  get bytes(): number {
    return this.#length + this.#pendingBytes;
  }

  add(id: Buffer, content: Uint8Array): void {
    if (this.#pendingBytes > 0 && this.#pendingBytes + content.length > BLOCK_BYTES) this.#endBlock();
    // Copies: the caller's buffers may be reused before the block is sealed.
    this.#pending.push({ id: Buffer.from(id), content: Buffer.from(content) });
    this.#pendingBytes += content.length;
  }

  #endBlock(): void {
    const chunks = this.#pending;
    if (chunks.length === 0) return;
    const table = Buffer.alloc(4 * chunks.length);
    let offset = table.length;
    for (const [i, { id, content }] of chunks.entries()) {
      table.writeUInt32LE(content.length, 4 * i);
      const record = Buffer.alloc(RECORD_BYTES);
      writeRecord(record, 0, id, this.#blocks.length, offset, content.length);
      this.#records.push(record);
      offset += content.length;
    }
    const plain = Buffer.concat([table, ...chunks.map(({ content }) => content)]);
    const block = encodeBlock(this.#sealer, this.#blocks.length, plain, chunks.length);
    const length = block.reduce((sum, part) => sum + part.length, 0);
    this.#blocks.push({ offset: this.#length, length, plainLength: plain.length });
    this.#parts.push(...block);
    this.#length += length;
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  finish(): { id: string; bytes: Buffer; index: PackIndex } {
    this.#endBlock();
    const index: PackIndex = {
      packs: [],
      blockPack: new Uint32Array(this.#blocks.length),
      blockOffset: Uint32Array.from(this.#blocks, ({ offset }) => offset),
      blockLength: Uint32Array.from(this.#blocks, ({ length }) => length),
      records: Buffer.concat(this.#records),
    };
    const plainLengths = this.#blocks.map(({ plainLength }) => plainLength);
    const trailer = encodeTrailer(this.#sealer, index, plainLengths, this.#length);
    const bytes = Buffer.concat([...this.#parts, trailer]);
    const id = objectId(bytes);
    index.packs.push({ id, size: bytes.length, kind: this.#kind, session: this.#session });
    return { id, bytes, index };
  }
}
