import { HoldfastError } from '../../shared/errors.ts';

/**
 * Cuts a stream of zstd frames (RFC 8878, section 3.1) so that no piece reaches from one frame into the next.
 * Node's decompressor silently drops what follows the end of a frame in the same piece, and parallel compressors
 * write many frames.
 */
const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const RLE_BLOCK = 1;

/** Sizes by the two-bit flags of the frame header descriptor. */
const DICTIONARY_ID_SIZES = [0, 1, 2, 4];
const CONTENT_SIZE_SIZES = [0, 2, 4, 8];

type PartKind = 'magic' | 'skip-length' | 'descriptor' | 'header' | 'block-header' | 'content' | 'checksum';

/** A stretch of the stream: what it is, how many bytes of it are still to come, and the part that follows it. */
interface Part {
  kind: PartKind;
  missing: number;
}

export class ZstdFrameCutter {
  #part: Part = { kind: 'magic', missing: 4 };
  /** The bytes so far of a part that says what follows. */
  #held = Buffer.alloc(0);
  #hasChecksum = false;
  #isLastBlock = false;

  /** The pieces of `bytes`, each within one frame. */
  *cut(bytes: Buffer): Generator<Buffer> {
    let start = 0;
    for (let at = 0; at < bytes.length; ) {
      const taken = bytes.subarray(at, at + this.#part.missing);
      at += taken.length;
      this.#part.missing -= taken.length;
      if (this.#part.kind !== 'content') this.#held = Buffer.concat([this.#held, taken]);
      while (this.#part.missing === 0) this.#advance();
      if (this.#part.kind === 'magic' && this.#held.length === 0) {
        yield bytes.subarray(start, at);
        start = at;
      }
    }
    if (start < bytes.length) yield bytes.subarray(start);
  }

  #advance(): void {
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    this.#part = this.#following(this.#part.kind, held);
  }

  #following(kind: PartKind, held: Buffer): Part {
    switch (kind) {
      case 'magic':
        return afterMagic(held.readUInt32LE(0));
      case 'skip-length':
        this.#isLastBlock = true;
        this.#hasChecksum = false;
        return { kind: 'content', missing: held.readUInt32LE(0) };
      case 'descriptor':
        return this.#afterDescriptor(held.readUInt8(0));
      case 'block-header':
        return this.#afterBlockHeader(held.readUIntLE(0, 3));
      case 'content':
        if (!this.#isLastBlock) return { kind: 'block-header', missing: 3 };
        return this.#hasChecksum ? { kind: 'checksum', missing: 4 } : { kind: 'magic', missing: 4 };
      case 'header':
        return { kind: 'block-header', missing: 3 };
      case 'checksum':
        return { kind: 'magic', missing: 4 };
    }
  }

  #afterDescriptor(descriptor: number): Part {
    this.#hasChecksum = (descriptor & 0x04) !== 0;
    const isSingleSegment = (descriptor & 0x20) !== 0;
    const sizeFlag = descriptor >> 6;
    const contentSize = sizeFlag === 0 && isSingleSegment ? 1 : (CONTENT_SIZE_SIZES[sizeFlag] ?? 0);
    const window = isSingleSegment ? 0 : 1;
    return { kind: 'header', missing: window + (DICTIONARY_ID_SIZES[descriptor & 0x03] ?? 0) + contentSize };
  }

  #afterBlockHeader(header: number): Part {
    this.#isLastBlock = (header & 1) !== 0;
    const isRunLength = ((header >> 1) & 3) === RLE_BLOCK;
    return { kind: 'content', missing: isRunLength ? 1 : header >> 3 };
  }
}

function afterMagic(magic: number): Part {
  if (magic === MAGIC) return { kind: 'descriptor', missing: 1 };
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) return { kind: 'skip-length', missing: 4 };
  throw new HoldfastError('damaged', 'The archive is damaged: what follows a zstd frame is not another one.');
}
