import { describe, expect, it } from 'vitest';
import { forgetSnapshot } from '../../../src/backup/repository/forget-snapshot.ts';
import {
  checkHistory,
  type Heads,
  newestHeads,
  nextLink,
  reviewHistory,
} from '../../../src/backup/repository/history.ts';
import { readCatalog } from '../../../src/backup/repository/snapshots.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { testRepository } from '../../helpers/repository/test-repository.ts';
import { backUpTiny } from '../../helpers/repository/tiny-backup.ts';
import { SeededRandom } from '../../helpers/seeded-random.ts';

const WRITERS = ['aa'.repeat(16), 'bb'.repeat(16)];

/** Two writers take turns; gives the IDs and the place. */
async function history(length: number) {
  const store = new MemoryStore();
  const clock = new ManualClock();
  const ids: string[] = [];
  for (let i = 0; i < length; i++) {
    const writer = WRITERS[i % 2] as string;
    const repository = testRepository({ store, clock, writer, random: new SeededRandom(100 + i) });
    const link = nextLink(await readCatalog(repository), {}, writer);
    ids.push(await backUpTiny(repository, { file: `${i}` }, link));
    await clock.advance(1000);
  }
  const fresh = () => testRepository({ store, clock });
  const hide = async (id: string) => {
    await store.delete(`snapshots/${id}`);
    for (const { name } of await store.list(`notes/${id}/`)) await store.delete(name);
  };
  return { ids, fresh, hide, clock, store };
}

const kinds = (findings: readonly { kind: string; snapshot: string }[]) =>
  findings.map(({ kind, snapshot }) => [kind, snapshot]);

describe('the history of a repository', () => {
  it('is sound as it was written, and after snapshots were forgotten', async () => {
    const { ids, fresh } = await history(5);
    const heads = newestHeads(await readCatalog(fresh()));
    await forgetSnapshot(fresh(), ids[4]!, 'test');
    await forgetSnapshot(fresh(), ids[1]!, 'test');
    expect(checkHistory(await readCatalog(fresh()), heads)).toEqual([]);
  });

  it('shows that a snapshot in the middle is hidden', async () => {
    const { ids, fresh, hide } = await history(5);
    await hide(ids[2]!);
    expect(kinds(checkHistory(await readCatalog(fresh()), {}))).toEqual([['hidden', ids[2]]]);
  });

  it('shows that the newest one is hidden, to whoever has seen it', async () => {
    const { ids, fresh, hide } = await history(5);
    const heads = newestHeads(await readCatalog(fresh()));
    await hide(ids[4]!);
    expect(checkHistory(await readCatalog(fresh()), {})).toEqual([]);
    expect(kinds(checkHistory(await readCatalog(fresh()), heads))).toEqual([['rolled-back', ids[4]]]);
  });

  it('shows a fork where a writer went on from an older state', async () => {
    const { ids, fresh, store, clock } = await history(3);
    const writer = WRITERS[0] as string;
    const forgetful = testRepository({ store, clock, writer, random: new SeededRandom(999) });
    const fork = await backUpTiny(forgetful, { file: 'fork' }, { seq: 2, prev: ids[0]! });
    expect(kinds(checkHistory(await readCatalog(fresh()), {}))).toEqual([['fork', fork]]);
  });

  it('takes no offence at two backups side by side of which one stood still before its snapshot, even when that is forgotten', async () => {
    const { fresh, store, clock } = await history(3);
    const writer = WRITERS[0] as string;
    const link = nextLink(await readCatalog(fresh()), {}, writer);
    const process = (number: number) =>
      testRepository({ store, clock, writer, random: new SeededRandom(500 + number) });
    let quick = '';
    const standStill = async (): Promise<void> => {
      await clock.advance(60_000);
      quick = await backUpTiny(process(1), { file: 'quick' }, link);
      await clock.advance(60_000);
    };
    const slow = await backUpTiny(process(2), { file: 'slow' }, { ...link, beforePublish: standStill });
    expect(checkHistory(await readCatalog(fresh()), {})).toEqual([]);
    await forgetSnapshot(fresh(), slow, 'test');
    expect(checkHistory(await readCatalog(fresh()), {})).toEqual([]);
    await forgetSnapshot(fresh(), quick, 'test');
    expect(checkHistory(await readCatalog(fresh()), {})).toEqual([]);
  });

  it('takes no offence at what others have remembered since the catalog was read, and keeps it', async () => {
    const { ids, fresh, hide } = await history(4);
    const heads = newestHeads(await readCatalog(fresh()));
    let saved: Heads = heads;
    const save = async (found: Heads): Promise<void> => {
      saved = found;
    };
    await hide(ids[3]!);
    const before = newestHeads(await readCatalog(fresh()));
    expect(await reviewHistory(await readCatalog(fresh()), { load: async () => saved, save }, before)).toEqual([]);
    expect(saved).toEqual(heads);
  });

  it('goes on from what is remembered, and remembers what it saw', async () => {
    const { ids, fresh, hide } = await history(4);
    let saved: Heads = {};
    const save = async (heads: Heads): Promise<void> => {
      saved = heads;
    };
    const memory = { load: async () => saved, save };
    expect(await reviewHistory(await readCatalog(fresh()), memory, saved)).toEqual([]);
    expect(saved[WRITERS[1] as string]).toEqual({ seq: 2, id: ids[3] });
    await hide(ids[3]!);
    const catalog = await readCatalog(fresh());
    expect(nextLink(catalog, saved, WRITERS[1] as string)).toMatchObject({ seq: 3, prev: ids[3] });
    expect(kinds(await reviewHistory(catalog, memory, saved))).toEqual([['rolled-back', ids[3]]]);
  });
});
