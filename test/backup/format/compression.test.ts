import { describe, expect, test } from 'vitest';
import { CODEC_STORED, CODEC_ZSTD, compress, decompress } from '../../../src/backup/format/compression.ts';
import { SeededRandom } from '../../helpers/seeded-random.ts';

const MIB = 2 ** 20;
const random = new SeededRandom(5);

/** What `compress` made of the content, and what comes back. */
function roundTrip(plain: Buffer): { codec: number; stored: number; back: Buffer } {
  const { codec, bytes } = compress(plain);
  return { codec, stored: bytes.length, back: decompress(codec, Buffer.from(bytes), plain.length) };
}

describe('compress', () => {
  test.each([0, 1, 1000, 300_000, 4 * MIB])('stores %d random bytes as they are', (length) => {
    const plain = random.bytes(length);
    const { codec, back } = roundTrip(plain);
    expect(codec).toBe(CODEC_STORED);
    expect(back).toEqual(plain);
  });

  test.each([1000, 300_000, 4 * MIB])('compresses %d bytes of text', (length) => {
    const plain = Buffer.alloc(length, 'a line of a log that says much the same as all others\n');
    const { codec, stored, back } = roundTrip(plain);
    expect(codec).toBe(CODEC_ZSTD);
    expect(stored).toBeLessThan(length / 10);
    expect(back).toEqual(plain);
  });

  test('tries a large block of which a tenth is text', () => {
    const plain = random.bytes(MIB);
    plain.fill('text ', 400_000, 520_000);
    const { codec, stored, back } = roundTrip(plain);
    expect(codec).toBe(CODEC_ZSTD);
    expect(stored).toBeLessThan(0.9 * MIB);
    expect(back).toEqual(plain);
  });

  test('compresses noise of few byte values, in which nothing repeats', () => {
    const plain = Buffer.from(random.bytes(MIB / 2).toString('hex'));
    const { codec, stored, back } = roundTrip(plain);
    expect(codec).toBe(CODEC_ZSTD);
    expect(stored).toBeLessThan(0.6 * MIB);
    expect(back).toEqual(plain);
  });

  test('stores what would gain less than three percent', () => {
    const plain = random.bytes(MIB);
    plain.fill(0, 0, 20_000);
    expect(roundTrip(plain).codec).toBe(CODEC_STORED);
  });

  test('finds short repetitions, unless it is told that small files are together', () => {
    const words = Array.from({ length: 500 }, () => random.bytes(6));
    const plain = Buffer.concat(
      Array.from({ length: 60_000 }, () => Buffer.concat([words[random.below(500)] as Buffer, random.bytes(2)])),
    );
    const { bytes: alone } = compress(plain);
    const { bytes: together } = compress(plain, true);
    expect(alone.length).toBeLessThan(0.95 * together.length);
    expect(decompress(CODEC_ZSTD, Buffer.from(alone), plain.length)).toEqual(plain);
  });

  test('refuses a piece of another length than it says', () => {
    const { codec, bytes } = compress(Buffer.alloc(1000));
    expect(() => decompress(codec, Buffer.from(bytes), 999)).toThrow('does not decompress');
    expect(() => decompress(codec, Buffer.from(bytes), 1001)).toThrow('another length');
  });
});
