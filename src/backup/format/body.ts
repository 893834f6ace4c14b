import { HoldfastError } from '../../shared/errors.ts';
import { ENVELOPE_BYTES, type ObjectType, type Sealer, TAG_BYTES } from '../crypto/sealer.ts';
import { compress, decompress } from './compression.ts';

/** Sealed JSON bodies: snapshots, notes, sessions, marks, configuration (docs/FORMAT.md section 4). */

const HEADER_BYTES = 16;
const MAX_PLAIN = 64 * 2 ** 20;
/** A byte order mark is no JSON, and bytes that are no text would be changed by reading them as such. */
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function encodeBody(sealer: Sealer, type: ObjectType, session: Buffer | undefined, value: object): Buffer {
  const plain = Buffer.from(JSON.stringify(value), 'utf8');
  // What no reader would take must not be written.
  if (plain.length > MAX_PLAIN)
    throw new HoldfastError('failed', `A body of ${plain.length} bytes is too large to be stored.`);
  const { codec, bytes } = compress(plain);
  const object = sealer.seal(type, session);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(codec, 0);
  header.writeUInt32LE(plain.length, 4);
  header.writeUInt32LE(bytes.length, 8);
  return Buffer.concat([object.envelope, header, ...object.seal('body', 0, bytes, header)]);
}

/** The JSON object inside. Throws `damaged`; the message says what is wrong, the caller knows which object it is. */
export function decodeBody(sealer: Sealer, type: ObjectType, bytes: Buffer): Record<string, unknown> {
  const object = sealer.open(type, bytes);
  const header = bytes.subarray(ENVELOPE_BYTES, ENVELOPE_BYTES + HEADER_BYTES);
  if (header.length < HEADER_BYTES) throw new HoldfastError('damaged', 'it ends too early');
  const plainLength = header.readUInt32LE(4);
  const sealed = bytes.subarray(ENVELOPE_BYTES + HEADER_BYTES);
  if (sealed.length !== header.readUInt32LE(8) + TAG_BYTES || plainLength > MAX_PLAIN) {
    throw new HoldfastError('damaged', 'its lengths do not add up');
  }
  const plain = decompress(header.readUInt8(0), object.open('body', 0, sealed, header), plainLength);
  return parseObject(plain);
}

function parseObject(plain: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(strictUtf8.decode(plain));
  } catch (error) {
    throw new HoldfastError('damaged', 'its body is not JSON', { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HoldfastError('damaged', 'its body is no JSON object');
  }
  return value as Record<string, unknown>;
}
