import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChunkKind, createChunkIdHasher } from '../../../src/backup/crypto/chunk-id.ts';
import { testSeed } from '../../helpers/seeded-random.ts';

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anyKind = fc.constantFrom<ChunkKind>(0, 1);

const hmac = (secret: Uint8Array, kind: ChunkKind, digest: Uint8Array): Buffer =>
  createHmac('sha256', secret).update(Buffer.of(kind)).update(digest).digest();

describe('chunk IDs', () => {
  it('are the HMAC-SHA-256 of kind and digest', () => {
    fc.assert(
      fc.property(bytes32, anyKind, fc.array(bytes32, { maxLength: 5 }), (secret, kind, digests) => {
        const hasher = createChunkIdHasher(secret);
        const expected = digests.map((digest) => hmac(secret, kind, digest));
        expect(digests.map((digest) => hasher.id(kind, digest))).toEqual(expected);
        expect(hasher.ids(kind, Buffer.concat(digests))).toEqual(Buffer.concat(expected));
      }),
      { seed: testSeed(), numRuns: 60 },
    );
  });

  it('stay what they are when the next ones are made', () => {
    const hasher = createChunkIdHasher(Buffer.alloc(32, 1));
    const first = hasher.id(0, Buffer.alloc(32, 2));
    const copy = Buffer.from(first);
    hasher.id(1, Buffer.alloc(32, 3));
    expect(first).toEqual(copy);
  });

  it('are made from digests in any part of a buffer', () => {
    const secret = Buffer.alloc(32, 1);
    const packed = Uint8Array.from({ length: 67 }, (_, i) => i);
    const expected = [packed.subarray(3, 35), packed.subarray(35)].map((digest) => hmac(secret, 1, digest));
    expect(createChunkIdHasher(secret).ids(1, packed.subarray(3))).toEqual(Buffer.concat(expected));
  });

  it('need a secret and digests of 32 bytes', () => {
    expect(() => createChunkIdHasher(Buffer.alloc(31))).toThrow('must have 32 bytes, this one has 31');
    const hasher = createChunkIdHasher(Buffer.alloc(32));
    expect(() => hasher.id(0, Buffer.alloc(33))).toThrow('has 32 bytes, not 33');
    expect(() => hasher.ids(0, Buffer.alloc(40))).toThrow('40 bytes are no row');
  });
});
