import { discard } from './compression.ts';

/**
 * Where chunks are, in packed form: what a pack's trailer and an index run both decode to. No JavaScript object per chunk, since a
 * repository has millions.
 */
export interface PackIndex {
  packs: PackInfo[];
  /** For each block: which of `packs` holds it, where, and how long it is (header, ciphertext and tag). */
  blockPack: Uint32Array;
  blockOffset: Uint32Array;
  blockLength: Uint32Array;
  /** Records of RECORD_BYTES: chunk ID (32), u32 block (position in the arrays above), u32 offset in the block's plaintext, u32 length. */
  records: Buffer;
}

export interface PackInfo {
  /** 64 hexadecimal digits; the object is `packs/xx/ID`. */
  id: string;
  size: number;
  kind: ChunkKind;
  /** The session that wrote it. */
  session: Buffer;
}

export const DATA = 0;
export const META = 1;
export type ChunkKind = typeof DATA | typeof META;

export const RECORD_BYTES = 44;
export const ID_BYTES = 32;

export function packName(id: string): string {
  return `packs/${id.slice(0, 2)}/${id}`;
}

/** One PackIndex of several, leaving out the packs that `keep` refuses. */
export function mergePackIndexes(
  parts: readonly PackIndex[],
  keep: (pack: PackInfo) => boolean = () => true,
): PackIndex {
  const packs: PackInfo[] = [];
  const blockPack: number[] = [];
  const blockOffset: number[] = [];
  const blockLength: number[] = [];
  const records: Buffer[] = [];
  for (const part of parts) {
    const packAt = part.packs.map((pack) => (keep(pack) ? packs.push(pack) - 1 : -1));
    const blockAt = Array.from(part.blockPack, (pack, block) => {
      const at = packAt[pack] as number;
      if (at < 0) return -1;
      blockOffset.push(part.blockOffset[block] as number);
      blockLength.push(part.blockLength[block] as number);
      return blockPack.push(at) - 1;
    });
    records.push(moveRecords(part.records, blockAt));
  }
  const merged = Buffer.concat(records);
  for (const moved of records) discard(moved);
  return {
    packs,
    blockPack: Uint32Array.from(blockPack),
    blockOffset: Uint32Array.from(blockOffset),
    blockLength: Uint32Array.from(blockLength),
    records: merged,
  };
}

/** A copy of the records with their blocks renumbered; records whose block goes to -1 are left out. */
function moveRecords(records: Buffer, blockAt: readonly number[]): Buffer {
  const moved = Buffer.allocUnsafe(records.length);
  let length = 0;
  for (let at = 0; at < records.length; at += RECORD_BYTES) {
    const block = blockAt[records.readUInt32LE(at + ID_BYTES)] as number;
    if (block < 0) continue;
    records.copy(moved, length, at, at + RECORD_BYTES);
    moved.writeUInt32LE(block, length + ID_BYTES);
    length += RECORD_BYTES;
  }
  return moved.subarray(0, length);
}
