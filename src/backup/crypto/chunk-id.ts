import { createPrivateMemory } from '../../shared/wasm.ts';
import { createSha256Compress, initialState } from './sha256-compress.ts';

/** 0: data, 1: meta. */
export type ChunkKind = 0 | 1;

/** An ID and a SHA-256 digest have the same length. */
const DIGEST_BYTES = 32;

export interface ChunkIdHasher {
  /** The ID of a chunk whose content has this SHA-256 digest of 32 bytes. */
  id(kind: ChunkKind, digest: Uint8Array): Buffer;
  /** The IDs of many: digests packed one behind the other in, IDs packed in the same order out, in a buffer of their own. */
  ids(kind: ChunkKind, digests: Uint8Array): Buffer;
}

const BLOCK_BYTES = 64;
/** Where things lie in the memory. The inner digest is written straight into the outer block. */
const INNER_STATE = 0;
const OUTER_STATE = 32;
const INNER_BLOCK = 64;
const OUTER_BLOCK = 128;
const RESULT = 192;

/** SHA-256's padding in the last block of a message of `messageBytes` whose final `tailBytes` stand in that block. */
function pad(block: Buffer, tailBytes: number, messageBytes: number): void {
  block.fill(0, tailBytes);
  block[tailBytes] = 0x80;
  block.writeUInt32BE(messageBytes * 8, BLOCK_BYTES - 4);
}

/**
 * Chunk IDs: HMAC-SHA-256 (RFC 2104) under the repository's 32-byte ID secret of the kind as one byte and the content's
 * digest. The key's blocks are hashed once, which leaves two compressions an ID; node:crypto takes several times as long to set
 * up each HMAC.
 */
export function createChunkIdHasher(idSecret: Uint8Array): ChunkIdHasher {
  if (idSecret.length !== DIGEST_BYTES)
    throw new RangeError(`the ID secret must have 32 bytes, this one has ${idSecret.length}`);
  const memory = createPrivateMemory(1);
  const bytes = Buffer.from(memory.buffer);
  const compress = createSha256Compress(memory);
  const innerBlock = bytes.subarray(INNER_BLOCK, INNER_BLOCK + BLOCK_BYTES);
  const outerBlock = bytes.subarray(OUTER_BLOCK, OUTER_BLOCK + BLOCK_BYTES);

  const hashKeyBlock = (filler: number, state: number): void => {
    innerBlock.fill(filler);
    for (const [i, byte] of idSecret.entries()) innerBlock[i] = byte ^ filler;
    bytes.set(initialState(), RESULT);
    compress(RESULT, INNER_BLOCK, state);
  };
  hashKeyBlock(0x36, INNER_STATE);
  hashKeyBlock(0x5c, OUTER_STATE);
  pad(innerBlock, 1 + DIGEST_BYTES, BLOCK_BYTES + 1 + DIGEST_BYTES);
  pad(outerBlock, DIGEST_BYTES, BLOCK_BYTES + DIGEST_BYTES);

  /** Hashes the digest that stands in the inner block. */
  const hash = (): void => {
    compress(INNER_STATE, INNER_BLOCK, OUTER_BLOCK);
    compress(OUTER_STATE, OUTER_BLOCK, RESULT);
  };

  return {
    id: (kind, digest) => {
      if (digest.length !== DIGEST_BYTES) throw new RangeError(`a SHA-256 digest has 32 bytes, not ${digest.length}`);
      innerBlock[0] = kind;
      innerBlock.set(digest, 1);
      hash();
      const result = Buffer.allocUnsafe(DIGEST_BYTES);
      bytes.copy(result, 0, RESULT, RESULT + DIGEST_BYTES);
      return result;
    },
    ids: (kind, digests) => {
      if (digests.length % DIGEST_BYTES !== 0)
        throw new RangeError(`${digests.length} bytes are no row of 32-byte digests`);
      const source = Buffer.from(digests.buffer, digests.byteOffset, digests.byteLength);
      const result = Buffer.allocUnsafeSlow(digests.length);
      innerBlock[0] = kind;
      for (let at = 0; at < result.length; at += DIGEST_BYTES) {
        source.copy(innerBlock, 1, at, at + DIGEST_BYTES);
        hash();
        bytes.copy(result, at, RESULT, RESULT + DIGEST_BYTES);
      }
      return result;
    },
  };
}
