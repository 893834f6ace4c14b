import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OBJECT_TYPES } from '../../../src/backup/crypto/sealer.ts';
import { decodeIndexRun, encodeIndexRun } from '../../../src/backup/format/index-run.ts';
import { writeRecord } from '../../../src/backup/format/pack.ts';
import { META, mergePackIndexes, type PackIndex, RECORD_BYTES } from '../../../src/backup/format/pack-index.ts';
import { SeededRandom, testSeed } from '../../helpers/seeded-random.ts';
import { damaged, refusalCode, testKeys } from './samples.ts';

const seed = testSeed();
const { sealer } = testKeys(seed);

/** An index of `packs` packs with up to 4 blocks each and `chunks` chunks, some of which lie in several blocks. */
function randomIndex(random: SeededRandom, packs: number, chunks: number): PackIndex {
  const blockPack = Array.from({ length: packs }, (_, pack) =>
    Array.from({ length: random.below(5) }, () => pack),
  ).flat();
  if (blockPack.length === 0 && packs > 0) blockPack.push(0);
  const records = Buffer.alloc(packs === 0 ? 0 : RECORD_BYTES * chunks);
  for (let at = 0; at < records.length; at += RECORD_BYTES) {
    const id = at > 0 && random.below(5) === 0 ? records.subarray(0, 32) : random.bytes(32);
    writeRecord(
      records,
      at,
      Buffer.from(id),
      random.below(blockPack.length),
      random.below(2 ** 32),
      random.below(2 ** 32),
    );
  }
  return {
    packs: Array.from({ length: packs }, (_, i) => ({
      id: random.bytes(32).toString('hex'),
      size: random.below(2 ** 40),
      kind: i % 2 === 0 ? 0 : META,
      session: random.bytes(16),
    })),
    blockPack: Uint32Array.from(blockPack),
    blockOffset: Uint32Array.from(blockPack, () => random.below(2 ** 32)),
    blockLength: Uint32Array.from(blockPack, () => random.below(2 ** 32)),
    records,
  };
}

/** Chunks with the pack they lie in, independent of how packs and blocks are numbered. */
function facts({ packs, blockPack, blockOffset, blockLength, records }: PackIndex): string[] {
  const found: string[] = [];
  for (let at = 0; at < records.length; at += RECORD_BYTES) {
    const block = records.readUInt32LE(at + 32);
    const pack = packs[blockPack[block] as number]?.id;
    found.push(
      `${records.toString('hex', at, at + 32)} ${pack} ${blockOffset[block]} ${blockLength[block]} ${records.toString('hex', at + 36, at + 44)}`,
    );
  }
  return found.toSorted();
}

describe('index runs', () => {
  it('give back packs, blocks and chunks, sorted by ID and block', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 60 }), (pick, packs, chunks) => {
        const index = randomIndex(new SeededRandom(pick), packs, chunks);
        const read = decodeIndexRun(sealer, encodeIndexRun(sealer, undefined, index));
        expect({ ...read, records: undefined }).toEqual({ ...index, records: undefined });
        expect(facts(read)).toEqual(facts(index));
        const keys = Array.from({ length: read.records.length / RECORD_BYTES }, (_, i) => {
          const at = RECORD_BYTES * i;
          return (
            read.records.toString('hex', at, at + 32) +
            read.records
              .readUInt32LE(at + 32)
              .toString(16)
              .padStart(8, '0')
          );
        });
        expect(keys).toEqual(keys.toSorted());
      }),
      { seed, numRuns: 80 },
    );
  });

  it('have pages of the size that the format names', () => {
    const index = randomIndex(new SeededRandom(seed), 3, 4000);
    const bytes = encodeIndexRun(sealer, undefined, index);
    const header = bytes.subarray(64, 96);
    expect([header.readUInt32LE(16), header.readUInt32LE(20), Number(header.readBigUInt64LE(8))]).toEqual([
      1489, 3, 4000,
    ]);
    expect(bytes.length).toBe(96 + header.readUInt32LE(4) + 16 + 4000 * 44 + 3 * 16);
    expect(facts(decodeIndexRun(sealer, bytes))).toEqual(facts(index));
  });

  it('are refused wherever they are damaged', () => {
    const random = new SeededRandom(seed);
    const bytes = encodeIndexRun(sealer, undefined, randomIndex(random, 2, 30));
    for (let at = 0; at < bytes.length; at++) {
      const copy = Buffer.from(bytes);
      copy[at] = copy.readUInt8(at) ^ (1 << (at % 8));
      expect(['damaged', 'unsupported_version'], `byte ${at}`).toContain(
        refusalCode(() => decodeIndexRun(sealer, copy)),
      );
    }
    for (let run = 0; run < 300; run++) {
      const code = refusalCode(() => decodeIndexRun(sealer, damaged(bytes, random)));
      expect(['damaged', 'unsupported_version'], `HOLDFAST_SEED=${seed}`).toContain(code);
    }
  });

  it('are refused with a directory that lies, though it is authentic', () => {
    const run = (packs: number, kind: number, blockCount: number): Buffer => {
      const directory = Buffer.alloc(4 + 64 + 8);
      directory.writeUInt32LE(packs, 0);
      directory.writeUInt8(kind, 4 + 40);
      directory.writeUInt32LE(blockCount, 4 + 60);
      const header = Buffer.alloc(32);
      header.write('HFIX');
      header.writeUInt32LE(directory.length, 4);
      header.writeUInt32LE(1489, 16);
      const object = sealer.seal(OBJECT_TYPES.index);
      return Buffer.concat([object.envelope, header, ...object.seal('page', 0, directory, header)]);
    };
    expect(refusalCode(() => decodeIndexRun(sealer, run(1, 0, 1)))).toBeUndefined();
    for (const lie of [run(1, 2, 1), run(0xffffffff, 0, 1), run(1, 0, 2), run(1, 0, 0), run(0, 0, 0)]) {
      expect(refusalCode(() => decodeIndexRun(sealer, lie))).toBe('damaged');
    }
  });

  it('merge into one that says the same, less the packs left out', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), (picks) => {
        const parts = picks.map((pick) => randomIndex(new SeededRandom(pick), 1 + (pick % 3), 20));
        const merged = mergePackIndexes(parts);
        expect(facts(decodeIndexRun(sealer, encodeIndexRun(sealer, undefined, merged)))).toEqual(
          parts.flatMap(facts).toSorted(),
        );
        const kept = mergePackIndexes(parts, ({ kind }) => kind === META);
        const ids = new Set(
          parts.flatMap(({ packs }) => packs.filter(({ kind }) => kind === META)).map(({ id }) => id),
        );
        expect(facts(kept)).toEqual(
          parts
            .flatMap(facts)
            .filter((fact) => ids.has(fact.split(' ')[1] as string))
            .toSorted(),
        );
      }),
      { seed, numRuns: 40 },
    );
  });
});
