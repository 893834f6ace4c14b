import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG, putConfig } from '../../../src/backup/repository/config.ts';
import { createRepository } from '../../../src/backup/repository/create-repository.ts';
import { openRepository } from '../../../src/backup/repository/open-repository.ts';
import type { RepositoryConfig, RepositoryPorts } from '../../../src/backup/repository/repository.ts';
import { FaultyStore } from '../../../src/backup/stores/faulty.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { rememberScrypt } from '../../helpers/remember-scrypt.ts';
import { testHost } from '../../helpers/repository/test-repository.ts';
import { SeededRandom } from '../../helpers/seeded-random.ts';

rememberScrypt();

const PASSPHRASE = 'correct horse';
const RESCUE = { name: 'rescue-1.mjs', bytes: Buffer.from('// rescue') };
const CREATE = { passphrase: PASSPHRASE, label: 'laptop', files: [RESCUE], logN: 15 };

function portsOn(store = new MemoryStore()): RepositoryPorts {
  return { store, clock: new ManualClock(), random: new SeededRandom(7), host: testHost(), writer: '11'.repeat(16) };
}

describe('creating a repository', () => {
  it('puts the header, two configurations, two copies of the key slot and the plain files', async () => {
    const ports = portsOn();
    await createRepository(ports, CREATE);
    const names = (await ports.store.list('')).map(({ name }) => name.replace(/[0-9a-f]{64}/, 'ID')).sort();
    expect(names).toEqual(['config/1', 'config/2', 'holdfast.json', 'keys/ID', 'keys/ID', 'rescue-1.mjs']);
  });

  it('refuses a place that holds one', async () => {
    const ports = portsOn();
    await createRepository(ports, CREATE);
    await expect(createRepository(ports, CREATE)).rejects.toMatchObject({ code: 'refused' });
  });

  it.each([1, 3, 5])('can be done again after it was interrupted at put %i', async (number) => {
    const store = new MemoryStore();
    const only = (call: string) => call === 'put';
    const faults = { only, failCall: { number, when: 'before', thenDead: true } } as const;
    const dying = new FaultyStore(store, faults, new SeededRandom(1), new ManualClock());
    await expect(createRepository({ ...portsOn(store), store: dying }, CREATE)).rejects.toThrow();
    const ports = { ...portsOn(store), random: new SeededRandom(8) };
    const created = await createRepository(ports, CREATE);
    const opened = await openRepository(ports, { passphrase: () => PASSPHRASE });
    expect([opened.id, opened.fingerprint, opened.warnings]).toEqual([created.id, created.fingerprint, []]);
  });
});

describe('opening a repository', () => {
  let ports: RepositoryPorts;
  let created: { id: string; fingerprint: string };
  const objects = new Map<string, Buffer>();
  const open = (passphrase = PASSPHRASE) => openRepository(ports, { passphrase: () => passphrase });

  // Each scrypt costs a while: one repository for all, as it was created.
  beforeAll(async () => {
    created = await createRepository(portsOn(new MemoryStore(objects)), CREATE);
  });

  beforeEach(() => {
    ports = portsOn(new MemoryStore(new Map(objects)));
  });

  it('gives its identity, the slot that opened it and no warning', async () => {
    const repository = await open();
    expect(repository).toMatchObject({
      id: created.id,
      fingerprint: created.fingerprint,
      warnings: [],
      writable: true,
    });
    expect(repository.slot.label).toBe('laptop');
    expect(Object.keys(repository.config.files)).toEqual([RESCUE.name]);
  });

  it('tells a wrong passphrase from a place without a repository', async () => {
    await expect(open('wrong')).rejects.toMatchObject({ code: 'wrong_passphrase' });
    let asked = false;
    const passphrase = () => {
      asked = true;
      return PASSPHRASE;
    };
    await expect(openRepository(portsOn(), { passphrase })).rejects.toMatchObject({ code: 'not_a_repository' });
    expect(asked).toBe(false);
  });

  it('refuses a newer format', async () => {
    const header = JSON.parse((await ports.store.get('holdfast.json')).toString());
    await ports.store.put('holdfast.json', Buffer.from(JSON.stringify({ ...header, version: 2 })));
    await expect(open()).rejects.toMatchObject({ code: 'unsupported_version' });
  });

  it('does not fall back to an older configuration where the newest needs a newer program', async () => {
    const { sealer, random, store } = await open();
    const put = (first: number, critical: string[]) =>
      putConfig(store, sealer, random, first, { ...DEFAULT_CONFIG, critical } as RepositoryConfig);
    await put(3, ['later']);
    await expect(open()).rejects.toMatchObject({ code: 'unsupported_version' });
    await put(5, []);
    expect((await open()).config).toMatchObject({ number: 6 });
    await store.put('config/5', Buffer.from('damaged'));
    await store.put('config/6', Buffer.from('damaged'));
    await expect(open()).rejects.toMatchObject({ code: 'unsupported_version' });
  });

  it('loses nothing to damage or loss of any one object', async () => {
    for (const { name } of await ports.store.list('')) {
      const bytes = await ports.store.get(name);
      const flipped = Buffer.from(bytes);
      flipped[Math.floor(flipped.length / 2)]! ^= 4;
      await ports.store.put(name, flipped);
      expect(await open()).toMatchObject({ id: created.id, fingerprint: created.fingerprint });
      await ports.store.delete(name);
      expect(await open()).toMatchObject({ id: created.id, fingerprint: created.fingerprint });
      await ports.store.put(name, bytes);
    }
  });

  it('warns of each kind of damage that it made up for', async () => {
    await ports.store.put('holdfast.json', Buffer.from('{'));
    await ports.store.delete('config/2');
    const [key] = await ports.store.list('keys/');
    await ports.store.put(key!.name, Buffer.from('no key'));
    const { warnings } = await open();
    expect(warnings).toEqual([
      expect.stringContaining('holdfast.json is damaged'),
      expect.stringContaining(key!.name),
      expect.stringContaining('copy of key slot'),
      expect.stringContaining('config/1 is missing'),
    ]);
  });

  it("opens a slot whose two copies lie under each other's names, and does not blame the passphrase alone", async () => {
    const [one, other] = (await ports.store.list('keys/')).map(({ name }) => name) as [string, string];
    const [first, second] = [await ports.store.get(one), await ports.store.get(other)];
    await ports.store.put(one, second);
    await ports.store.put(other, first);
    const { id, warnings } = await open();
    expect(id).toBe(created.id);
    expect(warnings).toEqual([expect.stringContaining(one), expect.stringContaining(other)]);
    await expect(open('another')).rejects.toMatchObject({ code: 'damaged' });
  });

  it('says so when no key slot is left', async () => {
    for (const { name } of await ports.store.list('keys/')) await ports.store.delete(name);
    await expect(open()).rejects.toMatchObject({ code: 'damaged' });
  });
});
