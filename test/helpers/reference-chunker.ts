import { hkdfSync } from 'node:crypto';
import type { ContentCuts } from '../../src/backup/chunker/parameters.ts';

/** Content-defined chunking written as the format's description reads, byte by byte: what the fast one is compared with. */
export function referenceLengths(key: Uint8Array, content: Uint8Array, cuts: ContentCuts): number[] {
  const derived = Buffer.from(hkdfSync('sha256', key, '', 'holdfast gear table', 2048));
  const table = Array.from({ length: 256 }, (_, byte) => derived.readBigUInt64LE(8 * byte));
  const bits = Math.log2(cuts.averageBytes);
  const lengths: number[] = [];
  let length = 0;
  let hash = 0n;
  for (const byte of content) {
    length += 1;
    hash = BigInt.asUintN(64, 2n * hash + (table[byte] ?? 0n));
    if (length < cuts.minBytes) continue;
    const zeroBits = length < cuts.averageBytes ? bits + 2 : bits - 2;
    if (length < cuts.maxBytes && hash >> BigInt(64 - zeroBits) !== 0n) continue;
    lengths.push(length);
    length = 0;
    hash = 0n;
  }
  return length === 0 ? lengths : [...lengths, length];
}
