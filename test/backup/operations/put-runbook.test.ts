import { describe, expect, it } from 'vitest';
import { putRunbook } from '../../../src/backup/operations/put-runbook.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { testRepository } from '../../helpers/repository/test-repository.ts';

describe('putting a runbook beside the backups', () => {
  it('names it by its time and keeps the newest three, and what is no runbook', async () => {
    const [store, clock] = [new MemoryStore(), new ManualClock()];
    const repository = testRepository({ store, clock });
    await store.put('runbook/notes.txt', Buffer.from('mine'));
    const names: string[] = [];
    for (let day = 1; day <= 5; day++) {
      names.push(await putRunbook(repository, Buffer.from(`page ${day}`)));
      await clock.advance(86_400_000);
    }
    expect(names[0]).toMatch(/^runbook\/\d{8}T\d{6}Z\.html$/);
    const left = (await store.list('runbook/')).map(({ name }) => name);
    expect(left.toSorted()).toEqual([...names.slice(2), 'runbook/notes.txt'].toSorted());
    expect((await store.get(names[4] as string)).toString()).toBe('page 5');
  });
});
