import { describe, expect, it } from 'vitest';
import { readHostFacts } from '../../../src/backup/repository/host-facts.ts';
import {
  HEARTBEAT_MS,
  LAPSE_MS,
  listDeadRestores,
  listSessions,
  Session,
} from '../../../src/backup/repository/sessions.ts';
import { FaultyStore } from '../../../src/backup/stores/faulty.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { testHost, testRepository } from '../../helpers/repository/test-repository.ts';
import { SeededRandom } from '../../helpers/seeded-random.ts';

function setUp() {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const here = testRepository({ clock, store, host: testHost('here') });
  const elsewhere = testRepository({ clock, store, host: testHost('elsewhere'), random: new SeededRandom(2) });
  return { clock, store, here, elsewhere };
}

const namesOf = async (store: MemoryStore) =>
  (await store.list('sessions/')).map(({ name }) => name.split('/')[2]).sort();

describe('a session', () => {
  it('beats until it ends, and then leaves nothing', async () => {
    const { clock, store, here } = setUp();
    const session = await Session.start(here, { operation: 'backup' });
    expect(await namesOf(store)).toEqual(['0']);
    await clock.advance(2 * HEARTBEAT_MS);
    expect(await namesOf(store)).toEqual(['0', '1', '2']);
    await session.end();
    await session.end();
    await clock.advance(2 * HEARTBEAT_MS);
    expect(await namesOf(store)).toEqual([]);
    expect(clock.sleeping).toBe(0);
  });

  it('stays when it only stops', async () => {
    const { clock, store, here } = setUp();
    await (await Session.start(here, { operation: 'backup' })).stop();
    await clock.advance(2 * HEARTBEAT_MS);
    expect(await namesOf(store)).toEqual(['0']);
  });

  it('is live for others until a day has passed since its last heartbeat', async () => {
    const { clock, here, elsewhere } = setUp();
    const session = await Session.start(elsewhere, { operation: 'backup' });
    await clock.advance(HEARTBEAT_MS);
    await session.stop();
    await clock.advance(LAPSE_MS - 1);
    expect(await listSessions(here)).toMatchObject([{ id: session.id, live: true, body: { number: 1 } }]);
    await clock.advance(1);
    expect(await listSessions(here)).toMatchObject([{ id: session.id, live: false }]);
  });

  it('has ended as soon as its process is dead, or its ID belongs to a younger one', async () => {
    const { store, clock, here } = setUp();
    await (await Session.start(here, { operation: 'backup' })).stop();
    for (const start of [undefined, 2]) {
      const after = testRepository({ store, clock, host: testHost('here', () => start) });
      expect(await listSessions(after)).toMatchObject([{ live: false }]);
    }
  });

  it('has ended when its machine has been started anew, but not when another machine has the same ID', async () => {
    const { store, clock, here } = setUp();
    await (await Session.start(here, { operation: 'backup' })).stop();
    const rebooted = testRepository({ store, clock, host: { ...testHost('here'), boot: 'next' } });
    expect(await listSessions(rebooted)).toMatchObject([{ live: false }]);
    const copied = testRepository({ store, clock, host: { ...testHost('here'), boot: 'next', host: 'a copy' } });
    expect(await listSessions(copied)).toMatchObject([{ live: true }]);
  });

  it('is read from an older heartbeat where the newest is damaged', async () => {
    const { clock, store, here } = setUp();
    const session = await Session.start(here, { operation: 'backup' });
    await clock.advance(HEARTBEAT_MS);
    await store.put(`sessions/${session.id}/1`, Buffer.from('damaged'));
    expect(await listSessions(here)).toMatchObject([{ live: true, body: { number: 0 } }]);
    await session.end();
  });

  it('goes on after a heartbeat that failed', async () => {
    const { clock, store } = setUp();
    const faults = { only: (call: string) => call === 'put', failCall: { number: 2, when: 'before' } } as const;
    const repository = testRepository({ clock, store: new FaultyStore(store, faults, new SeededRandom(1), clock) });
    const session = await Session.start(repository, { operation: 'backup' });
    await clock.advance(2 * HEARTBEAT_MS);
    expect(await namesOf(store)).toEqual(['0', '2']);
    await session.end();
    expect(await namesOf(store)).toEqual([]);
  });
});

describe('dead restores', () => {
  it('are listed on the machine that they ran on, with their journal', async () => {
    const { store, clock, here, elsewhere } = setUp();
    await (await Session.start(here, { operation: 'restore', target: '/srv', journal: '/srv/.j' })).stop();
    await (await Session.start(here, { operation: 'backup' })).stop();
    await (await Session.start(elsewhere, { operation: 'restore' })).stop();
    const after = testRepository({ store, clock, host: testHost('here', () => undefined) });
    expect(await listDeadRestores(after)).toMatchObject([{ body: { target: '/srv', journal: '/srv/.j' } }]);
  });
});

describe('host facts', () => {
  it('know that this process lives, and since when', () => {
    const facts = readHostFacts();
    expect(facts.pidStart).toBeGreaterThan(0);
    expect(facts.processStart(facts.pid)).toBe(facts.pidStart);
    expect(facts.processStart(2 ** 22 + 1)).toBeUndefined();
  });
});
