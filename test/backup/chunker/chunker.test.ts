import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createChunkMemory } from '../../../src/backup/chunker/chunk-memory.ts';
import { createChunker } from '../../../src/backup/chunker/chunker.ts';
import { CHUNKER_PROFILES, type ContentCuts } from '../../../src/backup/chunker/parameters.ts';
import { chunkContent } from '../../helpers/chunk-content.ts';
import { referenceLengths } from '../../helpers/reference-chunker.ts';
import { SeededRandom, testSeed } from '../../helpers/seeded-random.ts';

const seed = testSeed();
const random = new SeededRandom(seed);
const key = random.bytes(32);
const memory = createChunkMemory(key, 1 << 20);
const small: ContentCuts = { kind: 'content', minBytes: 1024, averageBytes: 4096, maxBytes: 32_768 };

const lengths = (chunks: readonly Buffer[]): number[] => chunks.map((chunk) => chunk.length);
const digests = (chunks: readonly Buffer[]): Set<string> => new Set(chunks.map((chunk) => hash('sha256', chunk)));

const anyCuts: fc.Arbitrary<ContentCuts> = fc
  .record({ bits: fc.integer({ min: 6, max: 10 }), low: fc.nat(100), high: fc.nat(3000) })
  .map(({ bits, low, high }) => ({
    kind: 'content',
    minBytes: Math.max(64, 2 ** bits - low * 4),
    averageBytes: 2 ** bits,
    maxBytes: 2 ** bits + high,
  }));

/** Random bytes, bytes of a small alphabet, and runs: what real files are mixed from. */
const anyContent = fc
  .record({
    seed: fc.nat(),
    length: fc.nat(30_000),
    alphabet: fc.constantFrom(1, 2, 5, 256),
    run: fc.constantFrom(1, 7, 500),
  })
  .map(({ seed: own, length, alphabet, run }) => {
    const source = new SeededRandom(own).bytes(length + 1);
    return Uint8Array.from({ length }, (_, i) => (source[i - (i % run)] ?? 0) % alphabet);
  });

describe(`content-defined chunking (HOLDFAST_SEED=${seed})`, () => {
  it('cuts where the reference does, however the content is split and however long chunks are held', () => {
    fc.assert(
      fc.property(anyCuts, anyContent, fc.nat(), fc.nat(20), (cuts, content, splits, kept) => {
        const sizes = new SeededRandom(splits);
        const narrow = { ...memory, end: memory.start + 16_384 };
        const chunks = chunkContent(narrow, cuts, content, () => 1 + sizes.below(9000), kept);
        expect(Buffer.concat(chunks)).toEqual(Buffer.from(content));
        expect(lengths(chunks)).toEqual(referenceLengths(key, content, cuts));
      }),
      { seed, numRuns: 150 },
    );
  });

  it('cuts where the reference does with the sizes used for dumps', () => {
    const content = random.bytes(900_000);
    const chunks = chunkContent(memory, CHUNKER_PROFILES.dump, content);
    expect(lengths(chunks)).toEqual(referenceLengths(key, content, CHUNKER_PROFILES.dump));
  });

  it('keeps within the bounds, except for the last chunk', () => {
    const chunks = lengths(chunkContent(memory, small, random.bytes(2_000_000)));
    expect(Math.min(...chunks.slice(0, -1))).toBeGreaterThanOrEqual(small.minBytes);
    expect(Math.max(...chunks)).toBeLessThanOrEqual(small.maxBytes);
  });

  it('cuts content without any variety at the maximum', () => {
    expect(lengths(chunkContent(memory, small, Buffer.alloc(100_000)))).toEqual([32_768, 32_768, 32_768, 1696]);
  });

  it('gathers the sizes around the average', () => {
    const chunks = lengths(chunkContent(memory, small, random.bytes(4_000_000)));
    const mean = 4_000_000 / chunks.length;
    expect(mean / small.averageBytes).toBeGreaterThan(1);
    expect(mean / small.averageBytes).toBeLessThan(1.3);
    const near = chunks.filter((length) => length > 2048 && length < 8192).length;
    expect(near / chunks.length).toBeGreaterThan(0.7);
  });

  it('changes few chunks where bytes are inserted, removed or changed', () => {
    const content = random.bytes(800_000);
    const before = digests(chunkContent(memory, small, content));
    const at = 300_000 + random.below(200_000);
    const edits = {
      inserted: [content.subarray(0, at), random.bytes(7), content.subarray(at)],
      removed: [content.subarray(0, at), content.subarray(at + 1000)],
      changed: [content.subarray(0, at), random.bytes(20), content.subarray(at + 20)],
    };
    for (const [edit, parts] of Object.entries(edits)) {
      const after = digests(chunkContent(memory, small, Buffer.concat(parts)));
      const fresh = [...after].filter((digest) => !before.has(digest)).length;
      expect(fresh, edit).toBeGreaterThan(0);
      expect(fresh, edit).toBeLessThan(16);
    }
  });

  it('cuts elsewhere under another key', () => {
    const content = random.bytes(800_000);
    const mine = digests(chunkContent(memory, small, content));
    const theirs = digests(chunkContent(createChunkMemory(random.bytes(32), 1 << 20), small, content));
    expect([...theirs].filter((digest) => mine.has(digest)).length).toBeLessThan(5);
  });

  it('keeps its cuts from version to version', () => {
    const fixedKey = Uint8Array.from({ length: 32 }, (_, i) => i);
    const content = new SeededRandom(1).bytes(60_000);
    const expected = [6802, 4275, 4849, 4979, 6461, 4758, 4668, 9354, 8679, 4397, 778];
    expect(lengths(chunkContent(createChunkMemory(fixedKey, 1 << 20), small, content))).toEqual(expected);
  });
});

describe('fixed-size chunking', () => {
  it('cuts every chunk at the size and leaves the rest to the last', () => {
    const content = random.bytes(100_000);
    const chunks = chunkContent(memory, CHUNKER_PROFILES.database, content, () => 12_345, 3);
    expect(lengths(chunks)).toEqual([32_768, 32_768, 32_768, 1696]);
    expect(Buffer.concat(chunks)).toEqual(content);
  });

  it('leaves no empty chunk where the content ends at a cut', () => {
    expect(lengths(chunkContent(memory, CHUNKER_PROFILES.database, random.bytes(65_536)))).toEqual([32_768, 32_768]);
  });
});

describe('chunk sizes', () => {
  const refused = {
    'a minimum below the window': { ...small, minBytes: 63 },
    'a minimum above the average': { ...small, minBytes: 4097 },
    'a maximum below the average': { ...small, maxBytes: 4095 },
    'an average that is no power of two': { ...small, averageBytes: 5000 },
    'a maximum above 8 MiB': { ...small, maxBytes: 8_388_609 },
    'parts of a byte': { ...small, minBytes: 100.5 },
    'a fixed size of nothing': { kind: 'fixed', sizeBytes: 0 },
    'a fixed size above 8 MiB': { kind: 'fixed', sizeBytes: 8_388_609 },
  } as const;

  it.each(Object.entries(refused))('refuse %s', (_, parameters) => {
    expect(() => createChunker(memory, parameters)).toThrow(expect.objectContaining({ code: 'config' }));
  });

  it.each(Object.entries(CHUNKER_PROFILES))('of the %s profile are accepted', (_, parameters) => {
    expect(createChunker(memory, parameters)(memory.start, 1, 0)).toBe(0);
  });

  it('need a chunker key of 32 bytes and whole pages of memory', () => {
    expect(() => createChunkMemory(key, 100_000)).toThrow('no multiple of 64 KiB');
    expect(() => createChunkMemory(Buffer.alloc(16), 1 << 20)).toThrow('must have 32 bytes, this one has 16');
  });
});
