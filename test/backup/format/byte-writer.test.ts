import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../../src/backup/format/byte-reader.ts';
import { ByteWriter } from '../../../src/backup/format/byte-writer.ts';
import { testSeed } from '../../helpers/seeded-random.ts';
import { refusalCode } from './samples.ts';

/** LEB128 as section 1 of docs/FORMAT.md words it, on whole numbers of any size. */
function leb128(value: bigint): number[] {
  return value < 128n ? [Number(value)] : [Number(value % 128n) + 128, ...leb128(value / 128n)];
}

const read = <T>(bytes: Iterable<number>, how: (input: ByteReader) => T): T =>
  how(new ByteReader(Buffer.from([...bytes]), 'it'));

describe('numbers of variable length', () => {
  it('are LEB128 up to 2^53 - 1', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const out = new ByteWriter(1);
        out.varint(value);
        expect([...out.toBuffer()]).toEqual(leb128(BigInt(value)));
        expect(read(out.toBuffer(), (input) => input.varint())).toBe(value);
      }),
      { seed: testSeed(), examples: [[0], [127], [128], [2 ** 31], [2 ** 32], [Number.MAX_SAFE_INTEGER]] },
    );
  });

  it('are the zigzag form of all 64 bits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const out = new ByteWriter(1);
        out.svarint(value);
        expect([...out.toBuffer()]).toEqual(leb128(value < 0n ? -2n * value - 1n : 2n * value));
        expect(read(out.toBuffer(), (input) => input.svarint())).toBe(value);
      }),
      {
        seed: testSeed(),
        examples: [0n, -1n, 1n, 2n ** 51n, -(2n ** 51n), 2n ** 51n - 1n, 2n ** 53n, -(2n ** 63n), 2n ** 63n - 1n].map(
          (value): [bigint] => [value],
        ),
      },
    );
    expect(refusalCode(() => new ByteWriter().svarint(2n ** 63n))).toBe('internal');
  });

  it('are refused when they are too long or too large', () => {
    const endless = Array.from({ length: 20 }, () => 0xff);
    expect(refusalCode(() => read(endless, (input) => input.varint()))).toBe('damaged');
    expect(refusalCode(() => read(endless, (input) => input.svarint()))).toBe('damaged');
    expect(refusalCode(() => read(leb128(2n ** 53n), (input) => input.varint()))).toBe('damaged');
    expect(refusalCode(() => read(leb128(2n ** 64n), (input) => input.svarint()))).toBe('damaged');
    expect(refusalCode(() => read([0x80], (input) => input.varint()))).toBe('damaged');
  });

  it('never announce more than there is', () => {
    const huge = leb128(2n ** 50n);
    expect(refusalCode(() => read(huge, (input) => input.bytes()))).toBe('damaged');
    expect(refusalCode(() => read(huge, (input) => input.byteString()))).toBe('damaged');
    expect(refusalCode(() => read(huge, (input) => input.count(1)))).toBe('damaged');
  });
});
