import { describe, expect, it } from 'vitest';
import { addKey, changePassphrase, listKeys, removeKey } from '../../../src/backup/operations/keys.ts';
import type { Store } from '../../../src/backup/ports.ts';
import { openRepository } from '../../../src/backup/repository/open-repository.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { testHost } from '../../helpers/repository/test-repository.ts';
import { SeededRandom } from '../../helpers/seeded-random.ts';
import { LOG_N, newRepository } from './helpers/environment.ts';

async function opens(store: Store, passphrase: string): Promise<boolean> {
  const ports = {
    store,
    clock: new ManualClock(),
    random: new SeededRandom(99),
    host: testHost(),
    writer: '00'.repeat(16),
  };
  return openRepository(ports, { passphrase: () => passphrase }).then(
    () => true,
    () => false,
  );
}

describe('keys', () => {
  it('are added, listed and removed', async () => {
    const repository = await newRepository(1);
    const added = await addKey(repository, { passphrase: 'second', label: 'office', logN: LOG_N });
    expect(added).toMatchObject({ label: 'office', current: false, copies: 2 });
    expect(await listKeys(repository)).toEqual(
      expect.arrayContaining([{ id: repository.slot.id, label: 'first', current: true, copies: 2 }, added]),
    );
    expect(await opens(repository.store, 'second')).toBe(true);
    expect(await removeKey(repository, added.id.slice(0, 8).toUpperCase())).toMatchObject({ id: added.id });
    expect(await opens(repository.store, 'second')).toBe(false);
    expect(await opens(repository.store, 'first')).toBe(true);
  });

  it('are never removed to the last', async () => {
    const repository = await newRepository(2);
    await expect(removeKey(repository, repository.slot.id)).rejects.toMatchObject({ code: 'refused' });
    expect(await listKeys(repository)).toHaveLength(1);
  });

  it('are removed by nothing that could mean several or none', async () => {
    const repository = await newRepository(3);
    await addKey(repository, { passphrase: 'second', label: '', logN: LOG_N });
    await expect(removeKey(repository, '')).rejects.toMatchObject({ code: 'usage' });
    await expect(removeKey(repository, repository.slot.id.slice(0, 3))).rejects.toMatchObject({ code: 'usage' });
    await expect(removeKey(repository, 'zzzz')).rejects.toMatchObject({ code: 'usage' });
    const [first] = await listKeys(repository);
    const other = (first?.id ?? '').replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    await expect(removeKey(repository, other)).rejects.toMatchObject({ code: 'not_found' });
    expect(await listKeys(repository)).toHaveLength(2);
  });

  it('change their passphrase and keep their label', async () => {
    const repository = await newRepository(4);
    const changed = await changePassphrase(repository, { passphrase: 'changed', logN: LOG_N });
    expect(changed).toMatchObject({ label: 'first', current: true, copies: 2 });
    expect(await listKeys(repository, changed.id)).toEqual([changed]);
    expect(await opens(repository.store, 'first')).toBe(false);
    expect(await opens(repository.store, 'changed')).toBe(true);
    const again = await changePassphrase(repository, { passphrase: 'again', logN: LOG_N }, changed.id);
    expect(await listKeys(repository, again.id)).toEqual([again]);
  });

  it('keep the old passphrase where the new slot cannot be read back', async () => {
    class Forgetful extends MemoryStore {
      broken = false;
      override async put(...args: Parameters<MemoryStore['put']>): Promise<void> {
        if (!(this.broken && args[0].startsWith('keys/'))) await super.put(...args);
      }
    }
    const store = new Forgetful();
    const repository = await newRepository(5, store);
    store.broken = true;
    const changing = changePassphrase(repository, { passphrase: 'changed', logN: LOG_N });
    await expect(changing).rejects.toMatchObject({ code: 'store_failed' });
    expect(await opens(store, 'first')).toBe(true);
  });

  it('are not made of nothing', async () => {
    const repository = await newRepository(6);
    await expect(addKey(repository, { passphrase: '', label: 'x' })).rejects.toMatchObject({ code: 'usage' });
    await expect(addKey(repository, { passphrase: 'x', label: 'x'.repeat(300) })).rejects.toMatchObject({
      code: 'usage',
    });
  });

  it('count the copies that can be used', async () => {
    const objects = new Map<string, Buffer>();
    const repository = await newRepository(7, new MemoryStore(objects));
    const [name] = [...objects.keys()].filter((key) => key.startsWith('keys/'));
    (objects.get(name as string) as Buffer)[100] = 0;
    expect(await listKeys(repository)).toMatchObject([{ copies: 1 }]);
  });
});
