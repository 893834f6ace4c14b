import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { HoldfastError } from '../../shared/errors.ts';
import type { RandomSource } from '../../shared/random.ts';
import type { Epoch, KeyRing } from './keyring.ts';

/** Envelopes and sealed pieces (docs/FORMAT.md section 4). */

export const OBJECT_TYPES = {
  dataPack: 1,
  metaPack: 2,
  index: 3,
  snapshot: 4,
  note: 5,
  session: 6,
  mark: 7,
  markDone: 8,
  config: 9,
} as const;
export type ObjectType = (typeof OBJECT_TYPES)[keyof typeof OBJECT_TYPES];

export type Part = 'block' | 'trailer' | 'page' | 'body';

export const ENVELOPE_BYTES = 64;
export const TAG_BYTES = 16;
const MAGIC = Buffer.from('HFST');
const NO_SESSION = Buffer.alloc(16);
const NO_HEADER = Buffer.alloc(0);

/** Seals new objects and opens stored ones of one repository. Cheap to create; holds keys, so never log or serialise it. */
export class Sealer {
  readonly #ring: KeyRing;
  readonly #repositoryId: Buffer;
  readonly #random: RandomSource;

  constructor(ring: KeyRing, repositoryId: Buffer, random: RandomSource) {
    this.#ring = ring;
    this.#repositoryId = repositoryId;
    this.#random = random;
  }

  /** A new object with a fresh salt, hence fresh keys: a (key, nonce) pair never encrypts twice. */
  seal(type: ObjectType, session: Buffer = NO_SESSION): ObjectSealer {
    const epoch = this.#ring.epochs.at(-1) as Epoch;
    const envelope = Buffer.alloc(ENVELOPE_BYTES);
    MAGIC.copy(envelope, 0);
    envelope.writeUInt8(type, 4);
    envelope.writeUInt8(1, 5);
    envelope.writeUInt32LE(epoch.epoch, 8);
    session.copy(envelope, 16);
    this.#random.bytes(32).copy(envelope, 32);
    return new ObjectSealer(envelope, epoch, this.#repositoryId);
  }

  /**
   * Reads an object's envelope, which must be of the given type.
   * Throws `damaged` for anything that is no envelope of this type, `unsupported_version` for a newer one.
   */
  open(type: ObjectType, bytes: Buffer): ObjectOpener {
    if (bytes.length < ENVELOPE_BYTES || !bytes.subarray(0, 4).equals(MAGIC)) {
      throw new HoldfastError('damaged', 'it does not begin with an envelope');
    }
    if (bytes.readUInt8(5) !== 1 || bytes.readUInt8(6) !== 0 || bytes.readUInt32LE(12) !== 0) {
      throw new HoldfastError('unsupported_version', 'its envelope is of a kind that this program does not know', {
        advice: 'Use a newer Holdfast.',
      });
    }
    if (bytes.readUInt8(4) !== type) {
      throw new HoldfastError('damaged', `it is an object of type ${bytes.readUInt8(4)} where ${type} belongs`);
    }
    const number = bytes.readUInt32LE(8);
    const epoch = this.#ring.epochs.find((candidate) => candidate.epoch === number);
    if (epoch === undefined)
      throw new HoldfastError('damaged', `it names key epoch ${number}, which the key ring lacks`);
    return new ObjectOpener(Buffer.from(bytes.subarray(0, ENVELOPE_BYTES)), epoch, this.#repositoryId);
  }
}

abstract class ObjectKeys {
  readonly envelope: Buffer;
  readonly #epoch: Epoch;
  readonly #aadStart: Buffer;
  readonly #keys = new Map<Part, KeyObject>();

  constructor(envelope: Buffer, epoch: Epoch, repositoryId: Buffer) {
    this.envelope = envelope;
    this.#epoch = epoch;
    this.#aadStart = Buffer.concat([envelope, repositoryId]);
  }

  get type(): ObjectType {
    return this.envelope.readUInt8(4) as ObjectType;
  }

  get session(): Buffer {
    return this.envelope.subarray(16, 32);
  }

  protected key(part: Part): KeyObject {
    const known = this.#keys.get(part);
    if (known !== undefined) return known;
    const info = `holdfast v1 ${part} ${this.type}`;
    const salt = this.envelope.subarray(32, 64);
    const key = createSecretKey(Buffer.from(hkdfSync('sha256', this.#secret(part), salt, info, 32)));
    this.#keys.set(part, key);
    return key;
  }

  protected aad(header: Buffer): Buffer {
    return header.length === 0 ? this.#aadStart : Buffer.concat([this.#aadStart, header]);
  }

  #secret(part: Part): Buffer {
    if (part === 'trailer' || part === 'page') return this.#epoch.index;
    if (part === 'block' && this.type === OBJECT_TYPES.dataPack) return this.#epoch.data;
    return this.#epoch.meta;
  }
}

export class ObjectSealer extends ObjectKeys {
  /** Encrypts one piece. `number` must not repeat within a part. Returns the ciphertext and the tag as two buffers, to spare a copy. */
  seal(part: Part, number: number, plain: Uint8Array, header: Buffer = NO_HEADER): [Buffer, Buffer] {
    return this.sealAll(part, number, [plain], header) as [Buffer, Buffer];
  }

  /** The same for a piece that lies in several places: the ciphertext of each, in order, and then the tag of all. */
  sealAll(part: Part, number: number, plains: readonly Uint8Array[], header: Buffer = NO_HEADER): Buffer[] {
    const cipher = createCipheriv('aes-256-gcm', this.key(part), nonceOf(number));
    cipher.setAAD(this.aad(header));
    const sealed = plains.map((plain) => cipher.update(plain));
    cipher.final();
    return [...sealed, cipher.getAuthTag()];
  }
}

export class ObjectOpener extends ObjectKeys {
  /** Decrypts one piece (ciphertext followed by its tag). Throws `damaged` where it does not authenticate. */
  open(part: Part, number: number, sealed: Buffer, header: Buffer = NO_HEADER): Buffer {
    if (sealed.length < TAG_BYTES) throw new HoldfastError('damaged', 'a sealed piece is too short');
    const end = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', this.key(part), nonceOf(number));
    decipher.setAAD(this.aad(header)).setAuthTag(sealed.subarray(end));
    const plain = decipher.update(sealed.subarray(0, end));
    try {
      decipher.final();
    } catch (error) {
      throw new HoldfastError('damaged', 'a sealed piece does not authenticate', { cause: error });
    }
    return plain;
  }
}

function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(number, 0);
  return nonce;
}
