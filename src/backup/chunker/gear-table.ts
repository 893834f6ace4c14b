import { hkdfSync } from 'node:crypto';

export const GEAR_TABLE_BYTES = 256 * 8;

/**
 * The gear table of a repository: 256 values of 64 bits, little endian, in the order of the byte that each stands for:
 * HKDF-SHA-256 (RFC 5869) of the 32-byte chunker key, no salt, info `holdfast gear table`.
 */
export function deriveGearTable(key: Uint8Array): Uint8Array<ArrayBuffer> {
  if (key.length !== 32) throw new RangeError(`the chunker key must have 32 bytes, this one has ${key.length}`);
  return new Uint8Array(hkdfSync('sha256', key, '', 'holdfast gear table', GEAR_TABLE_BYTES));
}
