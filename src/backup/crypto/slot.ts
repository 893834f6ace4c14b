import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto';
import { toHex } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { RandomSource } from '../../shared/random.ts';
import { decodeKeyRing, encodeKeyRing, type KeyRing } from './keyring.ts';

/** Key slots: the key ring wrapped under a passphrase (docs/FORMAT.md section 3). */

const MAGIC = Buffer.from('HFKY');
const FIXED_BYTES = 84;
const TAG_BYTES = 16;
const MIN_LOG_N = 15;
const MAX_LOG_N = 20;
export const DEFAULT_LOG_N = 17;
const SCRYPT_R = 8;
const SCRYPT_P = 1;
const MAX_LABEL_BYTES = 0xffff;

export interface Slot {
  /** 32 hexadecimal digits, the same in both copies. */
  slotId: string;
  copy: number;
  logN: number;
  salt: Buffer;
  nonce: Buffer;
  /** The exact bytes of `holdfast.json` when the slot was made. */
  header: Buffer;
  label: string;
  /** Authenticated together with the sealed ring. */
  aad: Buffer;
  sealed: Buffer;
}

/** Seals the ring for a passphrase: the two copies that are stored. Costs one scrypt. */
export async function sealSlot(
  ring: KeyRing,
  header: Buffer,
  passphrase: string,
  label: string,
  random: RandomSource,
  logN = DEFAULT_LOG_N,
): Promise<{ slotId: string; copies: Buffer[] }> {
  const labelBytes = Buffer.from(label, 'utf8');
  if (labelBytes.length > MAX_LABEL_BYTES) {
    throw new HoldfastError(
      'usage',
      `The label of a key has ${labelBytes.length} bytes; at most ${MAX_LABEL_BYTES} fit.`,
      {
        advice: 'Choose a shorter label.',
      },
    );
  }
  const slotId = random.bytes(16);
  const salt = random.bytes(32);
  const key = await deriveKey(passphrase, salt, logN);
  const plain = encodeKeyRing(ring);
  const copies = [0, 1].map((copy) =>
    sealCopy({ slotId, copy, logN, salt, nonce: random.bytes(12), header, label: labelBytes }, key, plain),
  );
  return { slotId: toHex(slotId), copies };
}

/** The other copy of a slot that its passphrase opens; undefined for another passphrase. Costs one scrypt. */
export async function sealOtherCopy(slot: Slot, passphrase: string, random: RandomSource): Promise<Buffer | undefined> {
  const key = await deriveKey(passphrase, slot.salt, slot.logN);
  const plain = unseal(slot, key);
  if (plain === undefined) return undefined;
  const { logN, salt, header } = slot;
  const fields = { copy: 1 - slot.copy, logN, salt, nonce: random.bytes(12), header };
  return sealCopy(
    { ...fields, slotId: Buffer.from(slot.slotId, 'hex'), label: Buffer.from(slot.label, 'utf8') },
    key,
    plain,
  );
}

interface CopyFields extends Pick<Slot, 'copy' | 'logN' | 'salt' | 'nonce' | 'header'> {
  slotId: Buffer;
  label: Buffer;
}

function sealCopy({ slotId, copy, logN, salt, nonce, header, label }: CopyFields, key: Buffer, plain: Buffer): Buffer {
  const fixed = Buffer.alloc(FIXED_BYTES);
  MAGIC.copy(fixed, 0);
  fixed.writeUInt8(1, 4);
  fixed.writeUInt8(copy, 5);
  fixed.writeUInt8(logN, 6);
  fixed.writeUInt8(SCRYPT_R, 7);
  fixed.writeUInt8(SCRYPT_P, 8);
  slotId.copy(fixed, 16);
  salt.copy(fixed, 32);
  nonce.copy(fixed, 64);
  fixed.writeUInt16LE(header.length, 76);
  fixed.writeUInt16LE(label.length, 78);
  fixed.writeUInt32LE(plain.length, 80);
  const aad = Buffer.concat([fixed, header, label]);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
  return Buffer.concat([aad, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Reads a slot's plain part. Throws `damaged` where the bytes are no slot, before any memory is spent on scrypt. */
export function parseSlot(bytes: Buffer): Slot {
  const bad = (what: string) => new HoldfastError('damaged', `A key slot is damaged: ${what}.`);
  if (bytes.length < FIXED_BYTES + TAG_BYTES || !bytes.subarray(0, 4).equals(MAGIC))
    throw bad('it does not begin as one');
  if (bytes.readUInt8(4) !== 1) {
    throw new HoldfastError(
      'unsupported_version',
      `A key slot has version ${bytes.readUInt8(4)}; this program knows 1.`,
      {
        advice: 'Use a newer Holdfast.',
      },
    );
  }
  if (bytes.readUInt8(5) > 1) throw bad(`it is copy ${bytes.readUInt8(5)} of two`);
  const logN = bytes.readUInt8(6);
  if (logN < MIN_LOG_N || logN > MAX_LOG_N) throw bad(`scrypt's N is 2^${logN}, outside 2^15 to 2^20`);
  if (bytes.readUInt8(7) !== SCRYPT_R || bytes.readUInt8(8) !== SCRYPT_P) throw bad("scrypt's r and p are not 8 and 1");
  const headerLength = bytes.readUInt16LE(76);
  const labelLength = bytes.readUInt16LE(78);
  const sealedLength = bytes.readUInt32LE(80);
  const aadLength = FIXED_BYTES + headerLength + labelLength;
  if (bytes.length !== aadLength + sealedLength + TAG_BYTES) throw bad('its lengths do not add up');
  return {
    slotId: toHex(bytes.subarray(16, 32)),
    copy: bytes.readUInt8(5),
    logN,
    salt: bytes.subarray(32, 64),
    nonce: bytes.subarray(64, 76),
    header: bytes.subarray(FIXED_BYTES, FIXED_BYTES + headerLength),
    label: bytes.subarray(FIXED_BYTES + headerLength, aadLength).toString('utf8'),
    aad: bytes.subarray(0, aadLength),
    sealed: bytes.subarray(aadLength),
  };
}

/** A copy of a slot that authenticated, and what was in it. */
export interface OpenedSlot {
  slot: Slot;
  ring: KeyRing;
}

/**
 * Opens the first of `copies` (of one slot ID) that authenticates. Undefined when none does: the passphrase is another one, or all
 * copies are damaged. Costs one scrypt for each distinct salt.
 */
export async function openSlot(copies: readonly Slot[], passphrase: string): Promise<OpenedSlot | undefined> {
  const keys = new Map<string, Buffer>();
  for (const slot of copies) {
    const cacheKey = `${toHex(slot.salt)} ${slot.logN}`;
    const key = keys.get(cacheKey) ?? (await deriveKey(passphrase, slot.salt, slot.logN));
    keys.set(cacheKey, key);
    const plain = unseal(slot, key);
    if (plain !== undefined) return { slot, ring: decodeKeyRing(plain) };
  }
  return undefined;
}

function unseal(slot: Slot, key: Buffer): Buffer | undefined {
  const end = slot.sealed.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', key, slot.nonce)
    .setAAD(slot.aad)
    .setAuthTag(slot.sealed.subarray(end));
  try {
    return Buffer.concat([decipher.update(slot.sealed.subarray(0, end)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function deriveKey(passphrase: string, salt: Buffer, logN: number): Promise<Buffer> {
  const N = 2 ** logN;
  // scrypt needs 128 * N * r bytes; Node refuses above maxmem, whose default is far lower.
  const options = { N, r: SCRYPT_R, p: SCRYPT_P, maxmem: 128 * N * SCRYPT_R + 2 ** 20 };
  return new Promise((resolve, reject) => {
    scrypt(Buffer.from(passphrase, 'utf8'), salt, 32, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
