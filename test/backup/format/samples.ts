import { createHash } from 'node:crypto';
import { createChunkIdHasher } from '../../../src/backup/crypto/chunk-id.ts';
import { createKeyRing, type KeyRing } from '../../../src/backup/crypto/keyring.ts';
import { Sealer } from '../../../src/backup/crypto/sealer.ts';
import { encodeBlock, encodeTrailer, objectId, packType, writeRecord } from '../../../src/backup/format/pack.ts';
import { type ChunkKind, type PackIndex, RECORD_BYTES } from '../../../src/backup/format/pack-index.ts';
import { HoldfastError } from '../../../src/shared/errors.ts';
import { SeededRandom } from '../../helpers/seeded-random.ts';

/** Keys of a repository that exists in tests only. */
export interface TestKeys {
  ring: KeyRing;
  repositoryId: Buffer;
  sealer: Sealer;
  random: SeededRandom;
}

export function testKeys(seed: number): TestKeys {
  const random = new SeededRandom(seed);
  const ring = createKeyRing(random);
  const repositoryId = random.bytes(32);
  return { ring, repositoryId, sealer: new Sealer(ring, repositoryId, random), random };
}

/** Builds a whole pack of the given chunks, a list for each block, without the writer of the engine. */
export function buildPack(
  { sealer, ring }: TestKeys,
  kind: ChunkKind,
  blocks: readonly (readonly Buffer[])[],
): { bytes: Buffer; id: string; index: PackIndex; trailerOffset: number } {
  const hasher = createChunkIdHasher(ring.idSecret);
  const session = Buffer.alloc(16, 7);
  const pack = sealer.seal(packType(kind), session);
  const parts: Buffer[] = [pack.envelope];
  let at = pack.envelope.length;
  const index: PackIndex = {
    packs: [],
    blockPack: new Uint32Array(blocks.length),
    blockOffset: new Uint32Array(blocks.length),
    blockLength: new Uint32Array(blocks.length),
    records: Buffer.alloc(RECORD_BYTES * blocks.flat().length),
  };
  const plainLengths: number[] = [];
  let record = 0;
  blocks.forEach((chunks, number) => {
    const table = Buffer.alloc(4 * chunks.length);
    let offset = table.length;
    chunks.forEach((chunk, i) => {
      table.writeUInt32LE(chunk.length, 4 * i);
      const digest = createHash('sha256').update(chunk).digest();
      writeRecord(index.records, record, hasher.id(kind, digest), number, offset, chunk.length);
      record += RECORD_BYTES;
      offset += chunk.length;
    });
    const pieces = encodeBlock(pack, number, Buffer.concat([table, ...chunks]), chunks.length);
    index.blockOffset[number] = at;
    index.blockLength[number] = pieces.reduce((sum, piece) => sum + piece.length, 0);
    at += index.blockLength[number] as number;
    plainLengths.push(offset);
    parts.push(...pieces);
  });
  const bytes = Buffer.concat([...parts, encodeTrailer(pack, index, plainLengths, at)]);
  index.packs = [{ id: objectId(bytes), size: bytes.length, kind, session }];
  return { bytes, id: objectId(bytes), index, trailerOffset: at };
}

/** The code that `read` is refused with, or undefined. Anything but a HoldfastError is a bug and goes through. */
export function refusalCode(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof HoldfastError) return error.code;
    throw error;
  }
}

/** One flipped byte, a cut, or bytes too many; never the bytes as they were. */
export function damaged(bytes: Buffer, random: SeededRandom): Buffer {
  const way = random.below(5);
  if (way === 0) return bytes.subarray(0, random.below(bytes.length));
  if (way === 1) return Buffer.concat([bytes, random.bytes(1 + random.below(50))]);
  const copy = Buffer.from(bytes);
  const at = random.below(bytes.length);
  copy[at] = copy.readUInt8(at) ^ (1 + random.below(255));
  return copy;
}
