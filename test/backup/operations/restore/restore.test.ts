import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { forget } from '../../../../src/backup/operations/forget.ts';
import { recoverDeadRestores } from '../../../../src/backup/operations/restore/recover-dead.ts';
import { restore } from '../../../../src/backup/operations/restore/restore.ts';
import { openPosix } from '../../../../src/backup/posix/open-posix.ts';
import { Session } from '../../../../src/backup/repository/sessions.ts';
import { MemoryStore } from '../../../../src/backup/stores/memory.ts';
import type { ForgetResult, RestoreRequest } from '../../../../src/backup/types.ts';
import { systemClock } from '../../../../src/shared/clock.ts';
import { readProcessIdentity } from '../../../../src/shared/process-identity.ts';
import { testHost, testRepository } from '../../../helpers/repository/test-repository.ts';
import { backUpTiny } from '../../../helpers/repository/tiny-backup.ts';
import { crashingPosix } from './crash-posix.ts';
import { useScene } from './scene.ts';

const FILES = { 'a/one': 'first', 'a/b/two': 'second', three: 'third', empty: '' };

describe('a restore from a repository', () => {
  const scene = useScene();
  /** Of processes that live, or that have ended as soon as somebody looks. */
  const world = (processes: 'live' | 'dead' = 'dead') => {
    const objects = new Map<string, Buffer>();
    const repository = testRepository({
      store: new MemoryStore(objects),
      clock: systemClock,
      host: testHost('host', () => (processes === 'live' ? 1 : undefined)),
    });
    const to = scene.current.target;
    const run = (request: Partial<RestoreRequest> = {}, safetyBackup = async () => 'safety') =>
      restore(
        { repository, clock: systemClock, threads: 0, posix: 'auto', safetyBackup },
        { snapshot: 'latest', to, apply: true, noOwner: true, ...request },
      );
    return { objects, repository, run };
  };

  it('finds the snapshot, brings it back, and leaves no session behind', async () => {
    const { repository, run, objects } = world();
    const id = await backUpTiny(repository, FILES);
    const result = await run({ snapshot: id.slice(0, 8) });
    expect(result).toMatchObject({ snapshot: id, applied: true, added: { files: 4, directories: 3, bytes: 16 } });
    for (const [path, text] of Object.entries(FILES)) {
      expect(fs.readFileSync(join(scene.current.target, path), 'utf8')).toBe(text);
    }
    expect([...objects.keys()].filter((name) => name.startsWith('sessions/'))).toEqual([]);
  });

  it('keeps its snapshot from being forgotten while it runs', async () => {
    const { repository, run } = world('live');
    const id = await backUpTiny(repository, FILES, { time: '2030-01-01T00:00:00.000Z' });
    await backUpTiny(repository, FILES, { time: '2030-01-02T00:00:00.000Z' });
    fs.mkdirSync(scene.current.target);
    fs.writeFileSync(join(scene.current.target, 'three'), 'changed');
    const plans: ForgetResult[] = [];
    const safetyBackup = async () => {
      plans.push(await forget(repository, { policy: { last: 1 } }));
      return 'safety';
    };
    await run({ snapshot: id }, safetyBackup);
    expect(plans.map(({ forgotten, kept }) => [forgotten, kept[1]?.kept])).toEqual([[[], ['being read']]]);
    expect((await forget(repository, { policy: { last: 1 } })).forgotten).toHaveLength(1);
  });

  it('has a hash that does not depend on what the target holds, only on what was asked', async () => {
    const { repository, run } = world();
    await backUpTiny(repository, FILES);
    const preview = await run({ apply: false });
    const applied = await run();
    const again = await run({ apply: false });
    expect(new Set([preview, applied, again].map(({ planHash }) => planHash)).size).toBe(1);
    expect((await run({ apply: false, delete: true })).planHash).not.toBe(preview.planHash);
  });

  it('reads packs that no index names any more', async () => {
    const { repository, run, objects } = world();
    await backUpTiny(repository, FILES);
    for (const name of objects.keys()) if (name.startsWith('index/')) objects.delete(name);
    await run();
    expect(fs.readFileSync(join(scene.current.target, 'three'), 'utf8')).toBe('third');
  });

  it('names the pack that is gone and what it affects', async () => {
    const { repository, run, objects } = world();
    await backUpTiny(repository, FILES);
    const data = [...objects].find(([name, bytes]) => name.startsWith('packs/') && bytes[4] === 1)?.[0] as string;
    objects.delete(data);
    await expect(run()).rejects.toMatchObject({ code: 'damaged', message: expect.stringContaining(data) });
    const { damaged } = await run({ keepGoing: true });
    expect(damaged).toMatchObject([{ object: data, kind: 'pack', filesTotal: 3 }]);
    expect(fs.readdirSync(scene.current.target).sort()).toEqual(['a', 'empty']);
  });

  it('that died is ended by whoever opens the repository next', async () => {
    const { current } = scene;
    const { repository, objects } = world();
    current.shell(current.source, 'printf new > file');
    current.shell(current.target, 'printf old > file');
    const dead = { ...readProcessIdentity(), pid: 4_000_000, pidStart: 1 };
    const crashing = crashingPosix(openPosix(), 25).posix;
    await current.restore(crashing, current.snapshot(), {}, { identity: dead }).catch(() => {});
    expect(current.beside()).toHaveLength(1);
    const session = await Session.start(repository, { operation: 'restore', target: current.target });
    await session.stop();
    expect(await recoverDeadRestores(repository, 'auto')).toEqual([expect.stringContaining('An interrupted restore')]);
    expect(current.beside()).toEqual([]);
    expect([...objects.keys()].filter((name) => name.startsWith('sessions/'))).toEqual([]);
    expect(await recoverDeadRestores(repository, 'auto')).toEqual([]);
  });
});
