import { describe, expect, it } from 'vitest';
import { addKey, changePassphrase, listKeys, removeKey } from '../../../src/backup/operations/keys.ts';
import { repairIndex } from '../../../src/backup/operations/repair-index.ts';
import { verify } from '../../../src/backup/operations/verify/verify.ts';
import type { Store } from '../../../src/backup/ports.ts';
import { createRepository } from '../../../src/backup/repository/create-repository.ts';
import type { HostFacts } from '../../../src/backup/repository/host-facts.ts';
import { settleSlots } from '../../../src/backup/repository/key-slots.ts';
import { openRepository } from '../../../src/backup/repository/open-repository.ts';
import { Repository } from '../../../src/backup/repository/repository.ts';
import { FaultyStore } from '../../../src/backup/stores/faulty.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { rememberScrypt } from '../../helpers/remember-scrypt.ts';
import { testHost } from '../../helpers/repository/test-repository.ts';
import { SeededRandom } from '../../helpers/seeded-random.ts';
import { LOG_N, newRepository } from './helpers/environment.ts';

rememberScrypt();

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

describe('damaged key slots', () => {
  const flipAt = (place: number) => (objects: Map<string, Buffer>, name: string) => {
    const bytes = Buffer.from(objects.get(name) as Buffer);
    bytes[place] = (bytes[place] as number) ^ 1;
    objects.set(name, bytes);
  };
  const harms: Record<string, (objects: Map<string, Buffer>, name: string, other: string) => void> = {
    'with a flipped bit in the ring': flipAt(250),
    'with a flipped bit in the ID': flipAt(20),
    'with a flipped bit in the begin': flipAt(0),
    gone: (objects, name) => objects.delete(name),
    swapped: (objects, name, other) => {
      const bytes = objects.get(name) as Buffer;
      objects.set(name, objects.get(other) as Buffer).set(other, bytes);
    },
  };
  const damagedKeys = async (repository: Repository) =>
    (await verify({ repository, workers: [] }, {})).damaged.map(({ object }) => object).filter(isKey);
  const isKey = (name: string) => name.startsWith('keys/');

  it.each(Object.entries(harms))('are whole again after a repair with their passphrase: %s', async (_what, harm) => {
    const objects = new Map<string, Buffer>();
    await newRepository(8, new MemoryStore(objects));
    const [name, other] = [...objects.keys()].filter(isKey) as [string, string];
    harm(objects, name, other);
    const repository = (await openAny(objects)) as Repository;
    expect(await damagedKeys(repository)).not.toEqual([]);
    await repairIndex(repository);
    const again = (await openAny(objects)) as Repository;
    expect(again.warnings).toEqual([]);
    expect(await damagedKeys(again)).toEqual([]);
  });

  it('go with the slot that they were copies of', async () => {
    const objects = new Map<string, Buffer>();
    await newRepository(9, new MemoryStore(objects));
    flipAt(250)(objects, [...objects.keys()].find(isKey) as string);
    const repository = (await openAny(objects)) as Repository;
    await changePassphrase(repository, { passphrase: 'new', logN: LOG_N });
    expect(await damagedKeys((await openAny(objects)) as Repository)).toEqual([]);
    expect([...objects.keys()].filter(isKey)).toHaveLength(2);
  });
});

describe('a change of keys that dies', () => {
  const changes: Record<string, (repository: Repository) => Promise<unknown>> = {
    adding: (repository) => addKey(repository, { passphrase: 'new', label: 'new', logN: LOG_N }),
    changing: (repository) => changePassphrase(repository, { passphrase: 'new', logN: LOG_N }),
    removing: (repository) => removeKey(repository, repository.slot.id),
    creating: async (repository) => {
      const { store, clock, random, host, writer } = repository;
      await createRepository(
        { store, clock, random, host, writer },
        { passphrase: 'first', label: 'first', files: [], logN: LOG_N },
      );
    },
  };

  it.each(Object.keys(changes))('is no damage, and is finished or undone by who comes next: %s', async (name) => {
    const before = new Map<string, Buffer>();
    const repository = await newRepository(5, new MemoryStore(before));
    await addKey(repository, { passphrase: 'other', label: 'other', logN: LOG_N });
    if (name === 'creating') before.clear();
    for (let number = 1; ; number++) {
      const objects = new Map(before);
      const faults = {
        failCall: { number, when: 'before' as const, thenDead: true },
        only: (call: string, of: string) => (call === 'put' || call === 'delete') && /^(keys|sessions)\//.test(of),
      };
      const store = new FaultyStore(new MemoryStore(objects), faults, new SeededRandom(1), new ManualClock());
      const dying = sameKeys(
        repository,
        store,
        testHost('host', () => 1),
      );
      const died = await (changes[name] as (repository: Repository) => Promise<unknown>)(dying).then(
        () => false,
        () => true,
      );
      const opened = await openAny(objects);
      if (opened === undefined) {
        expect(name).toBe('creating');
        expect(
          objects
            .keys()
            .filter((object) => object.startsWith('keys/'))
            .toArray(),
        ).toEqual([]);
        await changes.creating?.(sameKeys(repository, new MemoryStore(objects), testHost('next')));
        expect((await verify({ repository: (await openAny(objects)) as Repository, workers: [] }, {})).damaged).toEqual(
          [],
        );
        continue;
      }
      const where = `${name}, change ${number}`;
      expect((await verify({ repository: opened, workers: [] }, {})).damaged, where).toEqual([]);
      await settleSlots(opened);
      expect(
        (await listKeys(opened)).map(({ copies }) => copies).filter((copies) => copies !== 2),
        where,
      ).toEqual([]);
      expect((await verify({ repository: opened, workers: [] }, {})).damaged, where).toEqual([]);
      expect(
        [...objects.keys()].filter((object) => object.startsWith('sessions/')),
        where,
      ).toEqual([]);
      if (!died) break;
    }
  });
});

/** With any of the passphrases, in another process of the same host, where the others have died; undefined where none opens it. */
async function openAny(objects: Map<string, Buffer>): Promise<Repository | undefined> {
  const ports = {
    store: new MemoryStore(objects),
    clock: new ManualClock(),
    random: new SeededRandom(98),
    host: { ...testHost('host', (pid) => (pid === 2 ? 1 : undefined)), pid: 2 },
    writer: '00'.repeat(16),
  };
  for (const passphrase of ['new', 'first', 'other']) {
    const repository = await openRepository(ports, { passphrase: () => passphrase }).catch(() => undefined);
    if (repository !== undefined) return repository;
  }
  return undefined;
}

function sameKeys(of: Repository, store: Store, host: HostFacts): Repository {
  const { clock, random, writer, header, ring, config, slot } = of;
  return new Repository({ store, clock, random, host, writer }, { header, ring, config, slot, warnings: [] });
}
