import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContentDigest } from '../../../../src/backup/operations/writing/content-digest.ts';
import type { DigestJob } from '../../../../src/backup/threads/pack-jobs.ts';
import type { PackPool } from '../../../../src/backup/threads/pack-pool.ts';
import { RunningDigests } from '../../../../src/backup/threads/running-digests.ts';
import { SeededRandom, testSeed } from '../../../helpers/seeded-random.ts';
import { randomContent } from '../../../helpers/tree/random-content.ts';

const seed = testSeed();
const MEMORY = randomContent(new SeededRandom(seed), 10_000);

/** A pool of one thread that hashes out of MEMORY, and what it was asked. */
function hashingPool(): { pool: Pick<PackPool, 'run'>; jobs: { job: DigestJob; cost: number }[] } {
  const digests = new RunningDigests(MEMORY);
  const jobs: { job: DigestJob; cost: number }[] = [];
  const run = async (job: DigestJob, cost: number) => {
    jobs.push({ job, cost });
    return digests.run(job);
  };
  return { pool: { run: run as PackPool['run'] }, jobs };
}

/** Data of MEMORY, zeros, or the end of a group of chunks. */
const part = fc.oneof(
  fc.record({ offset: fc.nat(9000), length: fc.integer({ min: 1, max: 1000 }) }),
  fc.record({ zeros: fc.nat(200_000) }),
  fc.constant('send' as const),
);

describe(`the digest of a content, seed ${seed}`, () => {
  it('is the SHA-256 of all of it, however it is cut and wherever its zeros are', async () => {
    const { pool } = hashingPool();
    let contents = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 20 }), async (parts) => {
        const expected = createHash('sha256');
        const digest = new ContentDigest(pool, contents++);
        let taken = 0;
        for (const each of parts) {
          if (each === 'send') await digest.send();
          else if ('zeros' in each) {
            digest.addZeros(taken, each.zeros);
            expected.update(Buffer.alloc(each.zeros));
          } else {
            digest.take(each);
            taken += each.length;
            expected.update(MEMORY.subarray(each.offset, each.offset + each.length));
          }
        }
        expect((await digest.finish()).equals(expected.digest())).toBe(true);
      }),
      { seed, numRuns: 200 },
    );
  });

  it('finds zeros in the middle of a chunk, which are known before it is cut', async () => {
    const { pool, jobs } = hashingPool();
    const digest = new ContentDigest(pool, 1);
    digest.addZeros(0, 5);
    digest.addZeros(100, 7);
    digest.addZeros(300, 9);
    digest.take({ offset: 50, length: 300 });
    const expected = createHash('sha256')
      .update(Buffer.alloc(5))
      .update(MEMORY.subarray(50, 150))
      .update(Buffer.alloc(7))
      .update(MEMORY.subarray(150, 350))
      .update(Buffer.alloc(9))
      .digest();
    expect((await digest.finish()).equals(expected)).toBe(true);
    expect(jobs).toHaveLength(1);
  });

  it('asks nothing of the threads for a content without bytes', async () => {
    const { pool, jobs } = hashingPool();
    expect((await new ContentDigest(pool, 1).finish()).equals(createHash('sha256').digest())).toBe(true);
    expect(jobs).toEqual([]);
  });

  it('keeps contents apart that are hashed at the same time', async () => {
    const { pool } = hashingPool();
    const digests = [1, 2, 3].map((content) => new ContentDigest(pool, content));
    for (const offset of [0, 1000, 2000]) {
      for (const [i, digest] of digests.entries()) {
        digest.take({ offset: offset + 100 * i, length: 100 });
        await digest.send();
      }
    }
    for (const [i, digest] of digests.entries()) {
      const pieces = [0, 1000, 2000].map((offset) => MEMORY.subarray(offset + 100 * i, offset + 100 * i + 100));
      const expected = createHash('sha256').update(Buffer.concat(pieces)).digest();
      expect((await digest.finish()).equals(expected)).toBe(true);
    }
  });

  it('leaves nothing behind of a content that was given up', async () => {
    const { pool, jobs } = hashingPool();
    const digest = new ContentDigest(pool, 1);
    digest.take({ offset: 0, length: 100 });
    await digest.send();
    digest.take({ offset: 100, length: 100 });
    await digest.abandon();
    expect(jobs.at(-1)?.job).toMatchObject({ spans: [], last: true });
  });
});
