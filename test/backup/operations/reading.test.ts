import { describe, expect, it } from 'vitest';
import { copySnapshots } from '../../../src/backup/operations/copy/copy.ts';
import { exportTar } from '../../../src/backup/operations/export/export.ts';
import { forget } from '../../../src/backup/operations/forget.ts';
import { whileReading } from '../../../src/backup/operations/reading-session.ts';
import { collect } from '../../../src/backup/repository/collector.ts';
import { forgetSnapshot } from '../../../src/backup/repository/forget-snapshot.ts';
import type { Repository } from '../../../src/backup/repository/repository.ts';
import { listSessions, Session } from '../../../src/backup/repository/sessions.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { testHost, testRepository } from '../../helpers/repository/test-repository.ts';
import { backUpTiny } from '../../helpers/repository/tiny-backup.ts';
import { membersOf } from '../archive/helpers/members.ts';
import { Collected, environmentOf, newRepository } from './helpers/environment.ts';

const LAST: Parameters<typeof forget>[1] = { policy: { last: 1 } };

/** Two snapshots, of which a policy would keep the second. */
async function twoSnapshots(): Promise<{ repository: Repository; store: MemoryStore; old: string }> {
  const store = new MemoryStore();
  const repository = testRepository({ store, clock: new ManualClock() });
  const old = await backUpTiny(repository, { file: 'as it was' }, { time: '2030-01-01T00:00:00.000Z' });
  await backUpTiny(repository, { file: 'as it is' }, { time: '2030-01-02T00:00:00.000Z' });
  return { repository, store, old };
}

/** An output that takes nothing until it is let. */
class Stalled extends Collected {
  readonly reached = Promise.withResolvers<void>();
  readonly go = Promise.withResolvers<void>();

  override _write(piece: Buffer, encoding: string, done: () => void): void {
    this.reached.resolve();
    void this.go.promise.then(() => super._write(piece, encoding, done));
  }
}

const keptBy = async (repository: Repository, id: string): Promise<string[] | undefined> =>
  (await forget(repository, { ...LAST, dryRun: true })).kept.find((snapshot) => snapshot.id === id)?.kept;

describe('a snapshot that is being read', () => {
  it('is forgotten by nobody, and by a policy once that has ended', async () => {
    const { repository, old } = await twoSnapshots();
    const output = new Stalled({ highWaterMark: 1 });
    const exporting = exportTar(repository, { id: old, output, format: 'tar' });
    await output.reached.promise;
    expect(await keptBy(repository, old)).toEqual(['being read']);
    expect((await forget(repository, LAST)).forgotten).toEqual([]);
    await expect(forget(repository, { snapshots: [old] })).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('is being read: export on host since'),
    });
    output.go.resolve();
    await exporting;
    expect((await forget(repository, LAST)).forgotten.map(({ id }) => id)).toEqual([old]);
  });

  it('stays readable though it is forgotten in the same moment and pruned without a grace', async () => {
    const { repository, old } = await twoSnapshots();
    const output = new Stalled({ highWaterMark: 1 });
    const exporting = exportTar(repository, { id: old, output, format: 'tar' });
    await output.reached.promise;
    await forgetSnapshot(repository, old, 'by somebody who looked for readers a moment before');
    const first = await collect(repository, { graceMs: 0, force: true });
    expect(first.waitingFor).toEqual([expect.stringContaining('export on host')]);
    expect(first.deletedPacks).toBe(0);
    output.go.resolve();
    await exporting;
    const { members } = await membersOf(output.bytes);
    expect(members.map(({ entry, data }) => [entry.path, data.toString()])).toContainEqual(['file', 'as it was']);
    expect((await collect(repository, { graceMs: 0, force: true })).deletedPacks).toBeGreaterThan(0);
  });

  it('is not begun with where it has been forgotten since it was looked up', async () => {
    const { repository, old } = await twoSnapshots();
    await forgetSnapshot(repository, old, 'test');
    const reading = whileReading(repository, { operation: 'restore', snapshots: [old] }, async () => 'read');
    await expect(reading).rejects.toMatchObject({ code: 'not_found', message: expect.stringContaining('just been') });
    expect(await listSessions(repository)).toEqual([]);
  });

  it('is read as well where its object is lost', async () => {
    const { repository, store, old } = await twoSnapshots();
    await store.delete(`snapshots/${old}`);
    const reading = whileReading(repository, { operation: 'restore', snapshots: [old] }, async () => 'read');
    expect(await reading).toBe('read');
  });

  it('goes when its reader is dead', async () => {
    const { repository, store, old } = await twoSnapshots();
    const host = testHost('host', () => undefined);
    const dead = testRepository({ store, clock: repository.clock, host });
    await (await Session.start(dead, { operation: 'restore', snapshots: [old] })).stop();
    expect((await forget(dead, LAST)).forgotten).toHaveLength(1);
  });

  it('is each of those that are copied', async () => {
    const { repository, old } = await twoSnapshots();
    const target = await newRepository(5);
    let seen: string[] | undefined;
    const environment = environmentOf(target);
    const save = environment.heads.save;
    environment.heads.save = async (heads) => {
      seen ??= await keptBy(repository, old);
      await save(heads);
    };
    await copySnapshots(repository, environment, [old]);
    expect(seen).toEqual(['being read']);
    expect(await keptBy(repository, old)).toBeUndefined();
  });
});
