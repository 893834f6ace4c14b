import { describe, expect, it } from 'vitest';
import { repositoryStats } from '../../../src/backup/operations/stats.ts';
import { testRepository } from '../../helpers/repository/test-repository.ts';
import { backUpTiny } from '../../helpers/repository/tiny-backup.ts';

describe('stats', () => {
  it('count every chunk once and everything that is stored', async () => {
    const repository = testRepository();
    const first = await backUpTiny(repository, { a: 'x'.repeat(1000), b: 'y'.repeat(500) });
    const one = await repositoryStats(repository);
    await backUpTiny(repository, { a: 'x'.repeat(1000), b: 'y'.repeat(500) }, { seq: 2, prev: first });
    const two = await repositoryStats(repository);
    const packs = await repository.store.list('packs/');
    const runs = await repository.store.list('index/');
    expect(two).toEqual({
      ...one,
      snapshots: 2,
      packs: packs.length,
      packBytes: packs.reduce((sum, { size }) => sum + size, 0),
      logicalBytes: 3000,
      indexRuns: runs.length,
      indexBytes: runs.reduce((sum, { size }) => sum + size, 0),
      deduplicationRatio: 3000 / one.chunkBytes,
    });
    // Two contents, and the manifest in three parts.
    expect(one.chunks).toBe(5);
    expect(one).toMatchObject({ formatVersion: 1, freeBytes: null, id: repository.id });
  });

  it('say nothing strange about an empty repository', async () => {
    expect(await repositoryStats(testRepository())).toMatchObject({
      snapshots: 0,
      chunks: 0,
      compressionRatio: 1,
      deduplicationRatio: 1,
    });
  });
});
