import { describe, expect, it } from 'vitest';
import { packName } from '../../../src/backup/format/pack-index.ts';
import { readIndexRuns } from '../../../src/backup/repository/index-loader.ts';
import { putMark } from '../../../src/backup/repository/marks.ts';
import { listPacks } from '../../../src/backup/repository/packs.ts';
import { Session } from '../../../src/backup/repository/sessions.ts';
import { readCatalog } from '../../../src/backup/repository/snapshots.ts';
import { testRepository } from '../../helpers/repository/test-repository.ts';
import { backUpTiny, restoreTiny } from '../../helpers/repository/tiny-backup.ts';

const FILES = { 'a.txt': 'first', 'folder/b.txt': 'second', 'folder/deep/c.txt': 'third', empty: '' };

describe('publishing a snapshot', () => {
  it('gives a confirmed snapshot that restores', async () => {
    const repository = testRepository();
    const id = await backUpTiny(repository, FILES);
    const { snapshots } = await readCatalog(repository);
    expect(snapshots.map((snapshot) => [snapshot.id, snapshot.status])).toEqual([[id, 'completed']]);
    expect(await restoreTiny(repository, snapshots[0]!.body)).toEqual(FILES);
  });

  it('ends the session', async () => {
    const repository = testRepository();
    await backUpTiny(repository, FILES);
    expect(await repository.store.list('sessions/')).toEqual([]);
  });

  it('stores unchanged content once', async () => {
    const repository = testRepository();
    await backUpTiny(repository, FILES);
    const before = (await listPacks(repository.store)).size;
    await backUpTiny(repository, FILES);
    expect((await listPacks(repository.store)).size).toBe(before);
  });

  it('stores again what was marked while it was written', async () => {
    const repository = testRepository();
    await backUpTiny(repository, FILES);
    const marked = [...(await listPacks(repository.store)).keys()];
    const collector = await Session.start(repository, { operation: 'prune' });
    const id = await backUpTiny(repository, FILES, {
      beforePublish: () => putMark(repository, collector, { packs: marked, indexes: [] }),
    });
    for (const pack of marked) await repository.store.delete(packName(pack));
    const { snapshots } = await readCatalog(repository);
    const again = snapshots.find((snapshot) => snapshot.id === id);
    expect(again?.confirmed?.packs).toHaveLength(2);
    expect(await restoreTiny(repository, again!.body)).toEqual(FILES);
  });

  it('stores again what is there with another size', async () => {
    const repository = testRepository();
    await backUpTiny(repository, FILES);
    const packs = [...(await listPacks(repository.store)).keys()];
    await Promise.all(packs.map((pack) => repository.store.put(packName(pack), Buffer.from('cut'))));
    const id = await backUpTiny(repository, FILES);
    const { snapshots } = await readCatalog(repository);
    expect(await restoreTiny(repository, snapshots.find((snapshot) => snapshot.id === id)!.body)).toEqual(FILES);
  });

  it('is noted as broken where a chunk was deleted and the source has it no more', async () => {
    const repository = testRepository();
    await backUpTiny(repository, FILES);
    const packs = [...(await listPacks(repository.store)).keys()];
    const backup = backUpTiny(repository, FILES, {
      forgetful: true,
      beforePublish: async () => {
        for (const pack of packs) await repository.store.delete(packName(pack));
      },
    });
    await expect(backup).rejects.toMatchObject({ code: 'damaged' });
  });

  it('names what its session put in the confirmed note', async () => {
    const repository = testRepository();
    await backUpTiny(repository, FILES);
    const { snapshots } = await readCatalog(repository);
    const { runs } = await readIndexRuns(repository);
    expect(snapshots[0]?.confirmed?.indexes).toEqual(runs.map(({ id }) => id));
    expect(snapshots[0]?.confirmed?.packs.toSorted()).toEqual(
      [...(await listPacks(repository.store)).keys()].toSorted(),
    );
  });
});
