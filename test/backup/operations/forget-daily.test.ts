import { describe, expect, it } from 'vitest';
import { forget } from '../../../src/backup/operations/forget.ts';
import { putNote } from '../../../src/backup/repository/notes.ts';
import { retentionItem } from '../../../src/backup/repository/retention-item.ts';
import { readCatalog } from '../../../src/backup/repository/snapshots.ts';
import type { RetentionRuleSet } from '../../../src/backup/types.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { testRepository } from '../../helpers/repository/test-repository.ts';
import { backUpTiny } from '../../helpers/repository/tiny-backup.ts';
import { modelKept } from '../../helpers/retention-model.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BACKUPS_A_DAY = 3;
const DAYS = 45;

const RULES: RetentionRuleSet = {
  hourly: 4,
  daily: 5,
  withinWeekly: 30 * DAY_MS,
  tags: ['release'],
  triggers: { 'pre-migration': 20 * DAY_MS },
  timeZone: 'Europe/Zurich',
};

describe('a repository that is backed up and forgotten from every day, over changed clocks', () => {
  it('holds in the end what the rules say of all that was ever there', async () => {
    const clock = new ManualClock(Date.parse('2030-10-01T00:00:00Z'));
    const repository = testRepository({ clock });
    const made: string[] = [];
    for (let number = 0; number < DAYS * BACKUPS_A_DAY; number++) {
      await clock.advance(DAY_MS / BACKUPS_A_DAY);
      const id = await backUpTiny(
        repository,
        { file: `${number}` },
        {
          time: new Date(clock.now()).toISOString(),
          tags: number % 20 === 3 ? ['release'] : [],
          trigger: number % 17 === 5 ? 'pre-migration' : number % 13 === 6 ? 'pre-restore' : 'schedule',
        },
      );
      made.push(id);
      if (number % 19 === 7) await putNote(repository, id, { note: 'pinned', reason: '' });
      if (number % BACKUPS_A_DAY === 0) await forget(repository, { policy: RULES, filter: { source: 'app' } });
    }
    await forget(repository, { policy: RULES });
    const catalog = await readCatalog(repository);
    const left = catalog.snapshots.map(({ id }) => id);
    expect([...left, ...catalog.forgotten.keys()].sort()).toEqual(made.toSorted());
    // Of what was forgotten the notes still tell what it was.
    const items = [
      ...catalog.snapshots.map(retentionItem),
      ...[...catalog.forgotten].map(([id, { confirmed }]) => {
        const { time, source, trigger, tags } = confirmed?.body ?? {};
        if (time === undefined || source === undefined) throw new Error(`${id} has no note`);
        const plain = { classes: [], confirmed: true, damaged: false, pinned: false };
        return { id, time, source, trigger: trigger ?? '', tags: tags ?? [], ...plain };
      }),
    ];
    expect(left.toSorted()).toEqual(modelKept(items, RULES, clock.now()).toSorted());
    expect(left.length).toBeGreaterThan(20);
  });
});
