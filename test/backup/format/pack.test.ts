import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createChunkIdHasher } from '../../../src/backup/crypto/chunk-id.ts';
import { ENVELOPE_BYTES } from '../../../src/backup/crypto/sealer.ts';
import {
  decodeBlock,
  decodeTrailer,
  encodeBlock,
  encodeTrailer,
  FOOTER_BYTES,
  packType,
  parseBlockHeader,
  parseFooter,
  salvagePack,
} from '../../../src/backup/format/pack.ts';
import { DATA, META, RECORD_BYTES } from '../../../src/backup/format/pack-index.ts';
import { SeededRandom, testSeed } from '../../helpers/seeded-random.ts';
import { buildPack, damaged, refusalCode, type TestKeys, testKeys } from './samples.ts';

const seed = testSeed();
const keys = testKeys(seed);
const hasher = createChunkIdHasher(keys.ring.idSecret);

/** A chunk that compresses, or one that does not. */
const chunk = fc
  .tuple(fc.integer({ min: 1, max: 3000 }), fc.boolean(), fc.nat())
  .map(([length, random, fill]) => (random ? new SeededRandom(fill).bytes(length) : Buffer.alloc(length, fill)));
const blocks = fc.array(fc.array(chunk, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 5 });

function openTrailer({ sealer }: TestKeys, bytes: Buffer, id: string) {
  const footer = parseFooter(bytes.subarray(-FOOTER_BYTES), bytes.length);
  const pack = sealer.open(bytes.readUInt8(4) === 2 ? 2 : 1, bytes);
  return decodeTrailer(pack, bytes.subarray(footer.offset, footer.offset + footer.length), id, bytes.length);
}

/** Chunk IDs by the position of their block, as an index has them. */
function idsByOffset(index: { records: Buffer; blockOffset: Uint32Array }): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (let at = 0; at < index.records.length; at += RECORD_BYTES) {
    const offset = index.blockOffset[index.records.readUInt32LE(at + 32)] as number;
    found.set(offset, [...(found.get(offset) ?? []), index.records.toString('hex', at, at + 32)]);
  }
  return found;
}

describe('packs', () => {
  it('give back every chunk by their trailer', () => {
    fc.assert(
      fc.property(blocks, fc.constantFrom(DATA, META), (content, kind) => {
        const { bytes, id, index } = buildPack(keys, kind, content);
        expect(openTrailer(keys, bytes, id)).toEqual(index);
        const pack = keys.sealer.open(packType(kind), bytes);
        content.forEach((chunks, number) => {
          const start = index.blockOffset[number] as number;
          const block = decodeBlock(pack, bytes.subarray(start, start + (index.blockLength[number] as number)));
          const read = chunks.map((_, i) => block.plain.subarray(block.offsets[i], block.offsets[i + 1]));
          expect(read.map((one) => one.toString('hex'))).toEqual(chunks.map((one) => one.toString('hex')));
        });
      }),
      { seed, numRuns: 60 },
    );
  });

  it('are refused wherever they are damaged', () => {
    const random = new SeededRandom(seed);
    const { bytes, id, index, trailerOffset } = buildPack(keys, DATA, [
      [random.bytes(900), Buffer.alloc(2000)],
      [Buffer.of(1)],
    ]);
    const pack = keys.sealer.open(packType(DATA), bytes);
    const block = bytes.subarray(
      index.blockOffset[0],
      (index.blockOffset[0] as number) + (index.blockLength[0] as number),
    );
    const trailer = bytes.subarray(trailerOffset, -FOOTER_BYTES);
    for (let run = 0; run < 1500; run++) {
      const message = `HOLDFAST_SEED=${seed}, run ${run}`;
      expect(
        refusalCode(() => decodeBlock(pack, damaged(block, random))),
        message,
      ).toBe('damaged');
      expect(
        refusalCode(() => decodeTrailer(pack, damaged(trailer, random), id, bytes.length)),
        message,
      ).toBe('damaged');
      expect(
        refusalCode(() => parseFooter(damaged(bytes.subarray(-FOOTER_BYTES), random), bytes.length)),
        message,
      ).toBe('damaged');
    }
  });

  it('refuse a footer that makes a trailer of most of a large pack', () => {
    const footer = Buffer.alloc(FOOTER_BYTES);
    const length = 2 ** 31;
    footer.writeBigUInt64LE(64n, 0);
    footer.writeUInt32LE(length, 8);
    footer.writeUInt32LE(crc32(footer.subarray(0, 24)), 24);
    footer.write('HFPE', 28, 'latin1');
    expect(refusalCode(() => parseFooter(footer, 64 + length + FOOTER_BYTES))).toBe('damaged');
  });

  it('refuse blocks of other packs and at other numbers', () => {
    const one = keys.sealer.seal(packType(DATA));
    const other = keys.sealer.open(packType(DATA), keys.sealer.seal(packType(DATA)).envelope);
    const plain = Buffer.concat([Buffer.from([3, 0, 0, 0]), Buffer.from('abc')]);
    const block = Buffer.concat(encodeBlock(one, 4, plain, 1));
    expect(decodeBlock(keys.sealer.open(packType(DATA), one.envelope), block).plain).toEqual(plain);
    expect(refusalCode(() => decodeBlock(other, block))).toBe('damaged');
    const renumbered = Buffer.from(block);
    renumbered.writeUInt32LE(5, 4);
    renumbered.writeUInt32LE(crc32(renumbered.subarray(0, 28)), 28);
    expect(parseBlockHeader(renumbered).number).toBe(5);
    expect(refusalCode(() => decodeBlock(keys.sealer.open(packType(DATA), one.envelope), renumbered))).toBe('damaged');
  });

  it('refuse trailers that lie about blocks and chunks', () => {
    const lies: ((plain: { index: ReturnType<typeof buildPack>['index']; lengths: number[] }) => void)[] = [
      ({ index }) => index.records.writeUInt32LE(0, 40),
      ({ index }) => index.records.writeUInt32LE(0xffffffff, 40),
      ({ index }) => {
        index.blockOffset[0] = 0xffffffff;
      },
      ({ lengths }) => {
        lengths[0] = 0xffffffff;
      },
      ({ lengths }) => {
        lengths[0] = 5;
      },
    ];
    for (const lie of lies) {
      const { bytes, id, index } = buildPack(keys, DATA, [[Buffer.from('abc'), Buffer.from('defg')]]);
      const lengths = [8 + 7];
      lie({ index, lengths });
      const pack = keys.sealer.seal(packType(DATA));
      const trailer = encodeTrailer(pack, index, lengths, 0).subarray(0, -FOOTER_BYTES);
      const opener = keys.sealer.open(packType(DATA), pack.envelope);
      expect(refusalCode(() => decodeTrailer(opener, trailer, id, bytes.length))).toBe('damaged');
    }
  });
});

describe('salvage', () => {
  it('of a whole pack finds what its trailer says', () => {
    const content = [[Buffer.from('one'), Buffer.from('two')], [Buffer.alloc(5000, 3)]];
    for (const kind of [DATA, META] as const) {
      const { bytes, id, index } = buildPack(keys, kind, content);
      expect(salvagePack(keys.sealer, hasher, bytes, id)).toEqual(index);
    }
  });

  it('keeps exactly the blocks that are whole', () => {
    const random = new SeededRandom(seed);
    for (let run = 0; run < 150; run++) {
      const content = Array.from({ length: 1 + random.below(6) }, (_, i) =>
        Array.from({ length: 1 + random.below(3) }, (_, j) =>
          Buffer.concat([Buffer.from([i, j]), random.bytes(random.below(400))]),
        ),
      );
      const { bytes, id, index } = buildPack(keys, DATA, content);
      const broken = Buffer.from(bytes.subarray(0, random.below(4) === 0 ? random.below(bytes.length) : bytes.length));
      for (let flips = random.below(5); flips > 0 && broken.length > ENVELOPE_BYTES; flips--) {
        const at = ENVELOPE_BYTES + random.below(broken.length - ENVELOPE_BYTES);
        broken[at] = broken.readUInt8(at) ^ (1 + random.below(255));
      }
      const message = `HOLDFAST_SEED=${seed}, run ${run}`;
      if (broken.length < ENVELOPE_BYTES) {
        expect(
          refusalCode(() => salvagePack(keys.sealer, hasher, broken, id)),
          message,
        ).toBe('damaged');
        continue;
      }
      const whole = new Map(
        [...idsByOffset(index)].filter(([offset]) => {
          const end = offset + (index.blockLength[index.blockOffset.indexOf(offset)] as number);
          return end <= broken.length && broken.subarray(offset, end).equals(bytes.subarray(offset, end));
        }),
      );
      expect(idsByOffset(salvagePack(keys.sealer, hasher, broken, id)), message).toEqual(whole);
    }
  });

  it('finds blocks again after bytes were lost in the middle', () => {
    const { bytes, id, index } = buildPack(keys, DATA, [
      [Buffer.alloc(3000, 1)],
      [Buffer.from('second')],
      [Buffer.from('third')],
    ]);
    const shorter = Buffer.concat([bytes.subarray(0, 100), bytes.subarray(103)]);
    const found = salvagePack(keys.sealer, hasher, shorter, id);
    expect([...found.blockOffset]).toEqual([...index.blockOffset.slice(1)].map((offset) => offset - 3));
  });

  it('is not kept busy by headers that somebody made up', () => {
    const envelope = keys.sealer.seal(packType(DATA)).envelope;
    const count = 40_000;
    const bytes = Buffer.concat([envelope, Buffer.alloc(count * 32 + 2 ** 20)]);
    const header = Buffer.alloc(32);
    header.write('HFBK');
    header.writeUInt32LE(2 ** 20, 12);
    header.writeUInt32LE(2 ** 20 - 16, 16);
    header.writeUInt32LE(1, 20);
    header.writeUInt32LE(crc32(header.subarray(0, 28)), 28);
    for (let i = 0; i < count; i++) header.copy(bytes, envelope.length + 32 * i);
    const start = performance.now();
    expect(salvagePack(keys.sealer, hasher, bytes, 'a'.repeat(64)).records).toHaveLength(0);
    expect(performance.now() - start).toBeLessThan(4000);
  });

  it('names chunks by what they hold', () => {
    const content = Buffer.from('content');
    const { bytes, id } = buildPack(keys, DATA, [[content]]);
    const { records } = salvagePack(keys.sealer, hasher, bytes, id);
    const digest = createHash('sha256').update(content).digest();
    expect(records.subarray(0, 32)).toEqual(hasher.id(DATA, digest));
  });
});
