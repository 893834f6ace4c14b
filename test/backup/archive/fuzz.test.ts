import { describe, expect, it } from 'vitest';
import { compress, decompress } from '../../../src/backup/archive/compress.ts';
import { HoldfastError } from '../../../src/shared/errors.ts';
import { SeededRandom, testSeed } from '../../helpers/seeded-random.ts';
import { archiveOf, collect, inPieces, membersOf } from './helpers/members.ts';
import { paxHeader, rawArchive, sealHeader } from './helpers/raw-archive.ts';
import { sampleTree } from './helpers/sample-tree.ts';

const OLD = rawArchive(
  { name: '././@LongLink', typeflag: 'L', magic: 'ustar  \0', body: `${'l'.repeat(300)}\0` },
  { magic: 'ustar  \0', body: 'x' },
  {
    name: 's',
    typeflag: 'S',
    magic: 'ustar  \0',
    body: 'abc',
    patch: { at: 386, bytes: `00000000004\x0000000000003\0${'\0'.repeat(73)}00000000012\0` },
  },
  paxHeader([
    ['GNU.sparse.size', '10'],
    ['GNU.sparse.offset', '4'],
    ['GNU.sparse.numbytes', '3'],
  ]),
  { body: 'abc' },
  paxHeader([
    ['GNU.sparse.name', 's'],
    ['GNU.sparse.size', '10'],
    ['GNU.sparse.map', '4,3,10,0'],
  ]),
  { body: 'abc' },
);

/** Flips up to four bytes, preferring headers over data, and cuts one archive in eight. */
function damage(archive: Buffer, random: SeededRandom): Buffer {
  const bytes = Buffer.from(archive);
  for (let flips = 1 + random.below(4); flips > 0; flips--) {
    const at = random.below(bytes.length);
    bytes[at] = random.below(3) === 0 ? random.below(256) : bytes.readUInt8(at) ^ (1 << random.below(8));
    // Checksums made right again let the damage through to what they guard.
    const block = at - (at % 512);
    if (bytes.toString('latin1', block + 257, block + 262) === 'ustar') sealHeader(bytes.subarray(block, block + 512));
  }
  return random.below(8) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes;
}

async function outcome(read: () => Promise<unknown>): Promise<string> {
  try {
    await read();
    return 'read';
  } catch (error) {
    if (error instanceof HoldfastError) return error.code;
    throw error;
  }
}

describe('damaged archives', () => {
  it('are read or refused as damaged, and nothing else happens', async () => {
    const seed = testSeed();
    const random = new SeededRandom(seed);
    const own = (await archiveOf(sampleTree().filter(({ entry }) => entry.path !== 'sparse many'))).bytes;
    for (const archive of [OLD, own]) expect((await membersOf(archive)).warnings).toEqual([]);
    const counts = new Map<string, number>();
    for (let run = 0; run < 1500; run++) {
      const archive = damage(run % 2 === 0 ? OLD : own, random);
      const result = await outcome(() => membersOf(archive)).catch((error: unknown) => {
        throw new Error(`HOLDFAST_SEED=${seed}, run ${run}`, { cause: error });
      });
      counts.set(result, (counts.get(result) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted(), `HOLDFAST_SEED=${seed}`).toEqual(['damaged', 'read']);
  });

  it.each(['gzip', 'zstd'] as const)('are refused as damaged when compressed with %s', async (compression) => {
    const seed = testSeed();
    const random = new SeededRandom(seed);
    const whole = await collect(compress(inPieces(OLD), compression));
    for (let run = 0; run < 300; run++) {
      const bytes = Buffer.from(whole);
      const at = random.below(bytes.length);
      bytes[at] = bytes.readUInt8(at) ^ (1 << random.below(8));
      const cut = random.below(2) === 0 ? bytes : whole.subarray(0, at);
      const result = await outcome(() => membersOf(decompress(inPieces(cut, 1 + random.below(400))))).catch(
        (error: unknown) => {
          throw new Error(`HOLDFAST_SEED=${seed}, run ${run}`, { cause: error });
        },
      );
      expect(['damaged', 'read'], `HOLDFAST_SEED=${seed}, run ${run}`).toContain(result);
    }
  });
});
