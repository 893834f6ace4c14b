import { hkdfSync } from 'node:crypto';
import { toHex } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { RandomSource } from '../../shared/random.ts';

/** The secrets of one epoch, 32 bytes each (docs/FORMAT.md section 3). */
export interface Epoch {
  epoch: number;
  index: Buffer;
  meta: Buffer;
  data: Buffer;
}

/** Everything secret about a repository. New objects use the last epoch. */
export interface KeyRing {
  idSecret: Buffer;
  epochs: Epoch[];
}

const SECRET_BYTES = 32;

export function createKeyRing(random: RandomSource): KeyRing {
  const secret = () => random.bytes(SECRET_BYTES);
  return { idSecret: secret(), epochs: [{ epoch: 1, index: secret(), meta: secret(), data: secret() }] };
}

export function encodeKeyRing(ring: KeyRing): Buffer {
  const epochs = ring.epochs.map((e) => ({
    epoch: e.epoch,
    index: toHex(e.index),
    meta: toHex(e.meta),
    data: toHex(e.data),
  }));
  return Buffer.from(JSON.stringify({ id: toHex(ring.idSecret), epochs }), 'utf8');
}

/** Throws `damaged` where the JSON is not a ring; it was authenticated, so only a faulty writer can cause that. */
export function decodeKeyRing(json: Uint8Array): KeyRing {
  try {
    const value = JSON.parse(Buffer.from(json).toString('utf8')) as {
      id: string;
      epochs: { epoch: number; index: string; meta: string; data: string }[];
    };
    const epochs = value.epochs.map((e) => ({
      epoch: epochNumber(e.epoch),
      index: secretFromHex(e.index),
      meta: secretFromHex(e.meta),
      data: secretFromHex(e.data),
    }));
    if (epochs.length === 0 || new Set(epochs.map((e) => e.epoch)).size < epochs.length) throw new Error('no epochs');
    epochs.sort((a, b) => a.epoch - b.epoch);
    return { idSecret: secretFromHex(value.id), epochs };
  } catch (error) {
    throw new HoldfastError('damaged', 'A key slot opened, but what it holds is no key ring.', { cause: error });
  }
}

function epochNumber(value: unknown): number {
  if (typeof value !== 'number' || value >>> 0 !== value) throw new Error('no epoch number');
  return value;
}

function secretFromHex(text: string): Buffer {
  if (typeof text !== 'string' || !/^[0-9a-f]{64}$/.test(text)) throw new Error('no 32-byte secret');
  return Buffer.from(text, 'hex');
}

/** A 32-byte key derived from the ID secret for one purpose. */
export function deriveFromId(
  ring: KeyRing,
  purpose: 'holdfast chunker key' | 'holdfast manifest key' | 'holdfast fingerprint',
): Buffer {
  return Buffer.from(hkdfSync('sha256', ring.idSecret, Buffer.alloc(0), purpose, SECRET_BYTES));
}

/** What people compare and clients pin: 32 hexadecimal digits. */
export function fingerprint(ring: KeyRing): string {
  return toHex(deriveFromId(ring, 'holdfast fingerprint').subarray(0, 16));
}
