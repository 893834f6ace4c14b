import { describe, expect, it } from 'vitest';
import { forget } from '../../../src/backup/operations/forget.ts';
import { putNote } from '../../../src/backup/repository/notes.ts';
import { readCatalog } from '../../../src/backup/repository/snapshots.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { testRepository } from '../../helpers/repository/test-repository.ts';
import { backUpTiny, type TinyBackupOptions } from '../../helpers/repository/tiny-backup.ts';

async function backedUp(days: number[], options: TinyBackupOptions = {}) {
  const repository = testRepository({ clock: new ManualClock() });
  const ids: string[] = [];
  for (const day of days) {
    const time = new Date(Date.UTC(2030, 0, day)).toISOString();
    ids.push(await backUpTiny(repository, { file: `day ${day}` }, { ...options, time }));
  }
  return { repository, ids };
}

describe('forgetting', () => {
  it('removes named snapshots for good and keeps their notes', async () => {
    const { repository, ids } = await backedUp([1, 2, 3]);
    const result = await forget(repository, { snapshots: [ids[0]!.slice(0, 8)] });
    expect(result.forgotten.map(({ id }) => id)).toEqual([ids[0]]);
    const catalog = await readCatalog(repository);
    expect(catalog.snapshots.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    expect([...catalog.forgotten.keys()]).toEqual([ids[0]]);
    expect(await repository.store.stat(`snapshots/${ids[0]}`)).toBeUndefined();
  });

  it('applies a policy to what passes the filter', async () => {
    const { repository, ids } = await backedUp([1, 2, 3, 4]);
    const result = await forget(repository, { policy: { last: 1 }, filter: { to: '2030-01-03T00:00:00Z' } });
    expect(result.forgotten.map(({ id }) => id)).toEqual([ids[1], ids[0]]);
    expect(result.kept.map(({ id, kept }) => [id, kept])).toEqual([
      [ids[3], []],
      [ids[2], ['last 1', 'newest']],
    ]);
  });

  it('changes nothing in a dry run', async () => {
    const { repository } = await backedUp([1, 2]);
    expect((await forget(repository, { policy: { last: 1 }, dryRun: true })).forgotten).toHaveLength(1);
    expect((await readCatalog(repository)).snapshots).toHaveLength(2);
  });

  it('refuses the last snapshot of a source, and a pinned one', async () => {
    const { repository, ids } = await backedUp([1, 2]);
    await expect(forget(repository, { snapshots: ids })).rejects.toMatchObject({ code: 'refused' });
    await putNote(repository, ids[0]!, { note: 'pinned', reason: '' });
    await expect(forget(repository, { snapshots: [ids[0]!] })).rejects.toMatchObject({ code: 'refused' });
    expect((await readCatalog(repository)).snapshots).toHaveLength(2);
  });

  it('refuses the last snapshot without known damage', async () => {
    const { repository, ids } = await backedUp([1, 2]);
    await putNote(repository, ids[1]!, { note: 'verified', depth: 'deep', damaged: 1 });
    await expect(forget(repository, { snapshots: [ids[0]!] })).rejects.toMatchObject({ code: 'refused' });
    expect((await forget(repository, { policy: { last: 1 } })).kept.map(({ kept }) => kept)).toEqual([
      ['last 1', 'newest'],
      ['newest good'],
    ]);
  });

  it.each([
    { what: 'nothing at all', request: {} },
    { what: 'a policy without a rule', request: { policy: {} } },
    { what: 'a policy of zeros', request: { policy: { last: 0 } } },
    { what: 'a negative rule', request: { policy: { last: -1 } } },
    { what: 'a policy of nothing but triggers', request: { policy: { triggers: { 'pre-migration': 1 } } } },
    { what: 'a wrong rule of one source', request: { policy: { last: 1, sources: { app: { daily: 0.5 } } } } },
    { what: 'an unknown time zone', request: { policy: { last: 1, timeZone: 'Middle/Earth' } } },
  ])('takes $what for a mistake', async ({ request }) => {
    const { repository } = await backedUp([1]);
    await expect(forget(repository, request)).rejects.toMatchObject({ code: 'usage' });
  });
});
