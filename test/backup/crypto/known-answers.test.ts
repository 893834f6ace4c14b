import { createCipheriv, createHash, createHmac, hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createChunkIdHasher } from '../../../src/backup/crypto/chunk-id.ts';
import { deriveFromId, fingerprint, type KeyRing } from '../../../src/backup/crypto/keyring.ts';
import { OBJECT_TYPES, type ObjectType, type Part, Sealer } from '../../../src/backup/crypto/sealer.ts';
import { refusalCode } from '../format/samples.ts';

/**
 * What docs/FORMAT.md sections 3 to 5 say, computed with node:crypto alone. The hexadecimal answers come from the same page by Python's hmac and
 * hashlib. A change of any of them would make existing repositories unreadable.
 */
const secret = (byte: number): Buffer => Buffer.alloc(32, byte);
const ring: KeyRing = {
  idSecret: secret(0x11),
  epochs: [
    { epoch: 1, index: secret(0x21), meta: secret(0x22), data: secret(0x23) },
    { epoch: 7, index: secret(0x31), meta: secret(0x32), data: secret(0x33) },
  ],
};
const REPOSITORY = secret(0x44);
const SALT = secret(0x55);
const SESSION = Buffer.alloc(16, 0x66);
const sealer = new Sealer(ring, REPOSITORY, { bytes: (length) => Buffer.alloc(length, 0x55) });

const hkdf = (ikm: Buffer, salt: Buffer, info: string): Buffer => Buffer.from(hkdfSync('sha256', ikm, salt, info, 32));

describe('derived keys', () => {
  it.each([
    ['holdfast chunker key', '56ded8ef3058713173ce5dc3e8adc8a94ccdebc36c0973572161a1517b2ca3cd'],
    ['holdfast manifest key', '41376a972c1f1150f1ff97a3413826be755e7f4a93d5f1e4b13357999f65d2ea'],
    ['holdfast fingerprint', '02ea17c939f01452e86f24f169bb9d45cc6cf0926f5d7d17bc614e42f2dbd5a1'],
  ] as const)('are HKDF of the ID secret (%s)', (purpose, answer) => {
    const key = deriveFromId(ring, purpose);
    expect(key).toEqual(hkdf(ring.idSecret, Buffer.alloc(0), purpose));
    expect(key.toString('hex')).toBe(answer);
  });

  it('give a fingerprint of 32 digits', () => {
    expect(fingerprint(ring)).toBe(hkdf(ring.idSecret, Buffer.alloc(0), 'holdfast fingerprint').toString('hex', 0, 16));
  });
});

describe('the ID of a chunk', () => {
  it.each([
    [0, '66f7fac0cd3726c14b9596457322e149ef65f2b80d91a07497452a2726af1ba1'],
    [1, '73afe3d29b0521165e4edf98af889b7260c1f5f92071738ee271e66dc97c1d0a'],
  ] as const)('is the HMAC of kind %i and the SHA-256 of the content', (kind, answer) => {
    const digest = createHash('sha256').update('holdfast').digest();
    const id = createChunkIdHasher(ring.idSecret).id(kind, digest);
    expect(id).toEqual(createHmac('sha256', ring.idSecret).update(Buffer.of(kind)).update(digest).digest());
    expect(id.toString('hex')).toBe(answer);
  });
});

describe('a sealed piece', () => {
  const pieces: [Part, ObjectType, number, number][] = [
    ['block', OBJECT_TYPES.dataPack, 0x33, 3],
    ['block', OBJECT_TYPES.metaPack, 0x32, 0],
    ['trailer', OBJECT_TYPES.dataPack, 0x31, 0],
    ['trailer', OBJECT_TYPES.metaPack, 0x31, 0],
    ['page', OBJECT_TYPES.index, 0x31, 70_000],
    ...[4, 5, 6, 7, 8, 9].map((type): [Part, ObjectType, number, number] => ['body', type as ObjectType, 0x32, 0]),
  ];

  it.each(pieces)('of part %s in type %i is as the format says', (part, type, keyByte, number) => {
    const envelope = Buffer.concat([
      ...[Buffer.from('HFST'), Buffer.from([type, 1, 0, 0]), Buffer.from([7, 0, 0, 0]), Buffer.alloc(4)],
      ...[SESSION, SALT],
    ]);
    const object = sealer.seal(type, SESSION);
    expect(object.envelope).toEqual(envelope);
    const header = Buffer.from('the header of the piece');
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32LE(number);
    const key = hkdf(secret(keyByte), SALT, `holdfast v1 ${part} ${type}`);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.concat([envelope, REPOSITORY, header]));
    const expected = Buffer.concat([cipher.update('plain'), cipher.final(), cipher.getAuthTag()]);
    expect(Buffer.concat(object.seal(part, number, Buffer.from('plain'), header))).toEqual(expected);
    expect(sealer.open(type, envelope).open(part, number, expected, header).toString()).toBe('plain');
  });

  it('of an older epoch stays readable', () => {
    const older = new Sealer({ ...ring, epochs: ring.epochs.slice(0, 1) }, REPOSITORY, {
      bytes: (n) => Buffer.alloc(n),
    });
    const object = older.seal(OBJECT_TYPES.note);
    const piece = Buffer.concat(object.seal('body', 0, Buffer.from('old')));
    expect(sealer.open(OBJECT_TYPES.note, object.envelope).open('body', 0, piece).toString()).toBe('old');
  });

  it('opens with its own object, part, number, header and repository only', () => {
    const object = sealer.seal(OBJECT_TYPES.dataPack, SESSION);
    const header = Buffer.from('h');
    const piece = Buffer.concat(object.seal('block', 1, Buffer.from('plain'), header));
    const other = Buffer.from(object.envelope);
    other[40] = 0;
    const elsewhere = new Sealer(ring, secret(0x45), { bytes: (n) => Buffer.alloc(n) });
    const opener = sealer.open(OBJECT_TYPES.dataPack, object.envelope);
    const wrong = [
      () => sealer.open(OBJECT_TYPES.dataPack, other).open('block', 1, piece, header),
      () => elsewhere.open(OBJECT_TYPES.dataPack, object.envelope).open('block', 1, piece, header),
      () => opener.open('trailer', 1, piece, header),
      () => opener.open('block', 2, piece, header),
      () => opener.open('block', 1, piece, Buffer.from('i')),
      () => opener.open('block', 1, piece.subarray(0, 10), header),
    ];
    for (const open of wrong) expect(refusalCode(open)).toBe('damaged');
    expect(opener.open('block', 1, piece, header).toString()).toBe('plain');
  });

  it('is in an envelope that says what it is', () => {
    const { envelope } = sealer.seal(OBJECT_TYPES.note);
    const changed = (at: number, value: number): Buffer => {
      const copy = Buffer.from(envelope);
      copy[at] = value;
      return copy;
    };
    const code = (bytes: Buffer) => refusalCode(() => sealer.open(OBJECT_TYPES.note, bytes));
    expect([code(changed(5, 2)), code(changed(6, 1)), code(changed(12, 1))]).toEqual(
      Array.from({ length: 3 }, () => 'unsupported_version'),
    );
    expect([code(changed(0, 0)), code(changed(4, 4)), code(changed(8, 9)), code(envelope.subarray(0, 63))]).toEqual(
      Array.from({ length: 4 }, () => 'damaged'),
    );
  });
});
