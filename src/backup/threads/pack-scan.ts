import { HoldfastError } from '../../shared/errors.ts';
import type { ChunkIdHasher } from '../crypto/chunk-id.ts';
import { ENVELOPE_BYTES, OBJECT_TYPES, type ObjectOpener, type Sealer } from '../crypto/sealer.ts';
import { sha256Into } from '../crypto/sha256-into.ts';
import { discard } from '../format/compression.ts';
import {
  BLOCK_HEADER_BYTES,
  blockBytes,
  type DecodedBlock,
  decodeBlock,
  decodeTrailer,
  FOOTER_BYTES,
  packType,
  parseBlockHeader,
  parseFooter,
} from '../format/pack.ts';
import { type ChunkKind, DATA, ID_BYTES, META, type PackIndex } from '../format/pack-index.ts';
import { type ByteSource, PackWindow, PIECE_BYTES, type SharedBuffer } from './pack-window.ts';
import { RecordList } from './record-list.ts';

/** What reading a pack found. */
export interface PackScan {
  /** Bytes that were there. */
  size: number;
  /** What is wrong, in words; empty where all is well. */
  problems: string[];
  /** The chunks that can really be read, where the content was looked at. */
  held: PackIndex | undefined;
}

export interface ScanKeys {
  sealer: Sealer;
  hasher: ChunkIdHasher;
}

const BLOCK_MAGIC = Buffer.from('HFBK');
const WRONG_HASH = 'its content does not match its name';

/**
 * Reads a pack and compares its SHA-256 with its name; `deep` also decodes all of it in the same pass. A pack that turns out to be damaged is
 * decoded in any case, so that it is known what can still be read.
 */
export function scanPack(
  keys: ScanKeys,
  source: ByteSource,
  buffer: SharedBuffer,
  id: string,
  deep: boolean,
): PackScan {
  if (!deep && new PackWindow(source, buffer).digest() === id)
    return { size: source.size, problems: [], held: undefined };
  return new ContentScan(keys, source, buffer, id).run();
}

/**
 * Decodes what a pack holds: blocks by their headers, searching for the next header after a gap (docs/FORMAT.md section 6). Every chunk's
 * ID is computed from its content. Memory is one window of the pack and one block, whatever the pack's size.
 */
class ContentScan {
  readonly #keys: ScanKeys;
  readonly #source: ByteSource;
  readonly #window: PackWindow;
  readonly #id: string;
  readonly #problems: string[] = [];
  readonly #blocks: { offset: number; length: number }[] = [];
  readonly #records = new RecordList();
  #gaps = 0;

  constructor(keys: ScanKeys, source: ByteSource, buffer: SharedBuffer, id: string) {
    this.#keys = keys;
    this.#source = source;
    this.#window = new PackWindow(source, buffer);
    this.#id = id;
  }

  run(): PackScan {
    const held = this.#attempt(() => this.#content());
    if (this.#gaps > 0)
      this.#problems.unshift(this.#gaps === 1 ? 'a block is damaged' : `blocks are damaged in ${this.#gaps} places`);
    if (this.#window.digest() !== this.#id) this.#problems.unshift(WRONG_HASH);
    return { size: this.#source.size, problems: this.#problems, held };
  }

  #content(): PackIndex {
    const envelope = this.#window.view(0, ENVELOPE_BYTES);
    const kind = envelope[4] === OBJECT_TYPES.metaPack ? META : DATA;
    const opener = this.#keys.sealer.open(packType(kind), envelope);
    const footer = this.#attempt(() => this.#footer());
    this.#readBlocks(opener, kind, footer?.offset ?? this.#source.size);
    const held = this.#index(opener, kind);
    if (footer !== undefined) this.#attempt(() => this.#checkTrailer(opener, footer, held));
    return held;
  }

  #footer(): { offset: number; length: number } {
    const { size } = this.#source;
    const footer = Buffer.alloc(Math.min(FOOTER_BYTES, size));
    this.#source.read(footer, size - footer.length);
    return parseFooter(footer, size);
  }

  #readBlocks(opener: ObjectOpener, kind: ChunkKind, end: number): void {
    let at = ENVELOPE_BYTES;
    // Without a footer nobody knows where the trailer begins: what follows the last block is then no gap.
    const endIsKnown = end < this.#source.size;
    while (at < end) {
      const length = this.#readBlock(opener, kind, at, end);
      const next = length > 0 ? at + length : this.#findBlock(at + 1, end);
      if (length === 0 && (endIsKnown || next < end)) this.#gaps++;
      at = next;
    }
  }

  /** Gives the block's length, or 0 where there is no sound one. */
  #readBlock(opener: ObjectOpener, kind: ChunkKind, at: number, end: number): number {
    try {
      const length = blockBytes(parseBlockHeader(this.#window.view(at, BLOCK_HEADER_BYTES)));
      if (at + length > end) return 0;
      const block = decodeBlock(opener, this.#window.view(at, length));
      this.#addRecords(block, kind);
      this.#blocks.push({ offset: at, length });
      discard(block.plain);
      return length;
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'damaged') return 0;
      throw error;
    }
  }

  /** Where the next header may be; a header that holds but whose block fails may lie itself, so the search goes on inside it. */
  #findBlock(from: number, end: number): number {
    let at = from;
    while (at < end) {
      const view = this.#window.view(at, Math.min(PIECE_BYTES, end - at));
      const found = view.indexOf(BLOCK_MAGIC);
      if (found >= 0) return at + found;
      if (view.length < BLOCK_MAGIC.length) break;
      at += view.length - BLOCK_MAGIC.length + 1;
    }
    return end;
  }

  #addRecords({ plain, offsets }: DecodedBlock, kind: ChunkKind): void {
    const count = offsets.length - 1;
    // Not from Node's pool: what is a thousand times 64 KiB must not wait for the next garbage collection.
    const digests = Buffer.allocUnsafeSlow(ID_BYTES * count);
    for (let i = 0; i < count; i++) {
      sha256Into(plain.subarray(offsets[i], offsets[i + 1]), digests, ID_BYTES * i);
    }
    const ids = this.#keys.hasher.ids(kind, digests);
    this.#records.addAll(ids, this.#blocks.length, offsets);
    discard(digests);
    discard(ids);
  }

  #index(opener: ObjectOpener, kind: ChunkKind): PackIndex {
    return {
      packs: [{ id: this.#id, size: this.#source.size, kind, session: Buffer.from(opener.session) }],
      blockPack: new Uint32Array(this.#blocks.length),
      blockOffset: Uint32Array.from(this.#blocks, ({ offset }) => offset),
      blockLength: Uint32Array.from(this.#blocks, ({ length }) => length),
      records: this.#records.take(),
    };
  }

  #checkTrailer(opener: ObjectOpener, footer: { offset: number; length: number }, held: PackIndex): void {
    const piece = this.#window.view(footer.offset, footer.length);
    const trailer = decodeTrailer(opener, piece, this.#id, this.#source.size);
    const isSame =
      this.#gaps > 0 ||
      (trailer.records.equals(held.records) &&
        trailer.blockOffset.every((offset, block) => offset === held.blockOffset[block]) &&
        trailer.blockLength.every((length, block) => length === held.blockLength[block]));
    discard(trailer.records);
    if (!isSame) this.#problems.push('its trailer does not describe its blocks');
  }

  #attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      this.#problems.push(error.message);
      return undefined;
    }
  }
}
