import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findJournals, recoverRestores } from '../../../../src/backup/operations/restore/recover.ts';
import type { Posix } from '../../../../src/backup/posix/posix.ts';
import type { RestoreRequest } from '../../../../src/backup/types.ts';
import { encodeText } from '../../../../src/shared/bytes.ts';
import { type ProcessIdentity, readProcessIdentity } from '../../../../src/shared/process-identity.ts';
import { compareTrees } from '../../../helpers/compare-trees.ts';
import { SeededRandom, testSeed } from '../../../helpers/seeded-random.ts';
import { crashingPosix } from './crash-posix.ts';
import { FakeSnapshot } from './fake-snapshot.ts';
import { readNamed } from './read-objects.ts';
import { IMPLEMENTATIONS, IN_MEMORY, type Scene, useScene } from './scene.ts';

const SELF = readProcessIdentity();
/** A process of this machine that is no more. */
const DEAD: ProcessIdentity = { ...SELF, pid: 4_000_000, pidStart: 1 };

const SOURCE = 'mkdir -p a/b c; printf 1 > a/one; printf 2 > a/b/two; ln a/one c/joined; ln -s a link; printf 5 > five';
const TARGET = `mkdir -p a c/old; printf old > a/one; printf 5 > five; printf x > c/old/x; mkdir link; printf y > link/y; printf z > b`;

const WAYS: Record<string, Partial<RestoreRequest>> = {
  'as a whole': { delete: true },
  'unit by unit, with the old content kept': { delete: true, safety: 'keep-old' },
  'a selection of it': { delete: true, safety: 'none', paths: ['a', 'c', 'link'] },
};

describe.each(IMPLEMENTATIONS)('%s: a restore that dies', (name, posix) => {
  const scene = useScene(IN_MEMORY);

  it.each(Object.entries(WAYS))(
    'at any step, %s, leaves the target wholly old or wholly new',
    async (_way, request) => {
      const { current } = scene;
      const { snapshot, before, after } = await prepare(current, posix, request);
      const outcomes = new Set<string>();
      const stride = name === 'native' ? 2 : 4;
      const seed = testSeed();
      for (let step = seed % stride; ; step += stride) {
        reset(current, before);
        const crashing = crashingPosix(posix, step);
        await current
          .restore(crashing.posix, snapshot, request, { identity: DEAD })
          .catch((error) => expect(error.message).toContain('died'));
        const [recovery] = await recover(current, posix);
        outcomes.add(recovery?.outcome ?? 'nothing');
        const isNew = same(current, posix, after);
        expect({ seed, step, old: same(current, posix, before) }).toEqual({ seed, step, old: !isNew });
        expect(current.beside().filter((beside) => beside.startsWith('.'))).toEqual([]);
        if (!crashing.crashed) break;
      }
      expect([...outcomes].sort()).toEqual(['finished', 'nothing', 'undone']);
    },
  );

  it('keeps the time of a target that had to hold the journal', async () => {
    const { current } = scene;
    const inside = onlyInside(posix);
    const { snapshot, before, after } = await prepare(current, inside, { delete: true });
    const timeOf = (path: string) => fs.lstatSync(path, { bigint: true }).mtimeNs;
    const tolerance = posix.capabilities.nanosecondTimes ? 0n : 477n;
    for (let step = 0; ; step++) {
      reset(current, before);
      const crashing = crashingPosix(inside, step);
      await current.restore(crashing.posix, snapshot, { delete: true }, { identity: DEAD }).catch(() => {});
      const isLeft = fs.readdirSync(current.target).some((name) => name.startsWith('.holdfast-'));
      await recover(current, inside);
      expect(fs.readdirSync(current.target).filter((name) => name.startsWith('.'))).toEqual([]);
      const expected = same(current, inside, after) ? after : before;
      // With the folder gone and the time not yet set nothing is left to tell it.
      const off = timeOf(current.target) - timeOf(expected);
      const isKept = off >= -tolerance && off <= tolerance;
      if (isLeft || !crashing.crashed) expect({ step, isKept }).toEqual({ step, isKept: true });
      if (!crashing.crashed) break;
    }
  });

  it('is recovered also when recoveries die', async () => {
    const { current } = scene;
    const request = WAYS['a selection of it'] as Partial<RestoreRequest>;
    const { snapshot, before, after } = await prepare(current, posix, request);
    const seed = testSeed();
    const random = new SeededRandom(seed);
    for (let round = 0; round < 20; round++) {
      reset(current, before);
      await current
        .restore(crashingPosix(posix, 20 + random.below(60)).posix, snapshot, request, { identity: DEAD })
        .catch(() => {});
      for (let died = 1; died <= 3; died++) {
        const crashing = crashingPosix(posix, random.below(15)).posix;
        const dead = { ...DEAD, pid: DEAD.pid + died };
        await recoverRestores(crashing, findJournals(posix, encodeText(current.target)), dead).catch(() => {});
      }
      await recover(current, posix);
      const isNew = same(current, posix, after);
      expect({ seed, round, old: same(current, posix, before) }).toEqual({ seed, round, old: !isNew });
      expect(current.beside()).toEqual([]);
    }
  });

  it('with several targets leaves all of them old or all of them new', async () => {
    const { current } = scene;
    const [a, b] = [join(current.home, 'place/a'), join(current.home, 'place/b')];
    const sources = [join(current.home, 'new/a'), join(current.home, 'new/b')];
    for (const source of sources) current.shell(source, 'printf new > file');
    const snapshot = new FakeSnapshot(join(current.home, 'named'), readNamed(sources), {
      layout: 'named',
      paths: [a, b],
    });
    const text = (folder: string) => fs.readFileSync(join(folder, 'file'), 'utf8');
    for (let step = 0; ; step += 2) {
      for (const folder of [a, b]) current.shell(folder, 'printf old > file');
      const crashing = crashingPosix(posix, step);
      const request = { inPlace: true, safety: 'none' } as const;
      await current.restore(crashing.posix, snapshot, request, { identity: DEAD }).catch(() => {});
      // Whichever target is looked at first.
      const first = step % 4 === 0 ? a : b;
      await recoverRestores(posix, findJournals(posix, encodeText(first)), SELF);
      expect([step, text(a)]).toEqual([step, text(b)]);
      expect(fs.readdirSync(join(current.home, 'place')).sort()).toEqual(['a', 'b']);
      if (!crashing.crashed) break;
    }
    expect(text(a)).toBe('new');
  });

  it('is left alone while its process lives, and another to the same place is refused', async () => {
    const { current } = scene;
    const { snapshot, before } = await prepare(current, posix, {});
    reset(current, before);
    const child = { ...SELF, pid: process.ppid, pidStart: startOf(process.ppid) };
    await current.restore(crashingPosix(posix, 30).posix, snapshot, {}, { identity: child }).catch(() => {});
    expect((await recover(current, posix)).map(({ outcome }) => outcome)).toEqual(['running']);
    await expect(current.restore(posix, snapshot)).rejects.toMatchObject({ code: 'locked', exitStatus: 11 });
    expect(same(current, posix, before)).toBe(true);
  });

  it('is finished or undone by the next restore to the same place', async () => {
    const { current } = scene;
    const { snapshot, before, after } = await prepare(current, posix, {});
    reset(current, before);
    await current.restore(crashingPosix(posix, 30).posix, snapshot, {}, { identity: DEAD }).catch(() => {});
    expect(current.beside()).toHaveLength(1);
    const { warnings } = await current.restore(posix, snapshot, { delete: true });
    expect(warnings.join()).toContain('interrupted');
    expect(same(current, posix, after)).toBe(true);
    expect(current.beside()).toEqual([]);
  });

  it('leaves a journal that others could have written alone', async () => {
    const { current } = scene;
    current.shell(current.target, 'printf mine > file');
    const forged = join(current.home, 'place', '.holdfast-restore-4000000-1-aa');
    current.shell(forged, `printf '{"holdfastRestore":1}' > journal; chmod 777 .`);
    const [recovery] = await recover(current, posix);
    expect(recovery).toMatchObject({ outcome: 'failed' });
    expect(fs.readdirSync(forged)).toEqual(['journal']);
  });
});

async function prepare(current: Scene, posix: Posix, request: Partial<RestoreRequest>) {
  current.shell(current.source, SOURCE);
  current.shell(current.target, TARGET);
  const before = current.copy(current.target, 'before');
  const snapshot = current.snapshot();
  await current.restore(posix, snapshot, { delete: true, ...request });
  const after = current.copy(current.target, 'after');
  return { snapshot, before, after };
}

/** As on a mount point: nothing can be made beside the target. */
function onlyInside(real: Posix): Posix {
  return new Proxy(real, {
    get(_target, name) {
      const value = Reflect.get(real, name, real) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        const isProbe = name === 'makeDirectory' && String(args[1]).endsWith('-00');
        if (isProbe) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
        return (value as (...args: unknown[]) => unknown).apply(real, args);
      };
    },
  });
}

function reset(current: Scene, before: string): void {
  execFileSync('rm', ['-rf', join(current.home, 'place')]);
  fs.mkdirSync(join(current.home, 'place'));
  execFileSync('cp', ['-a', before, current.target]);
}

function recover(current: Scene, posix: Posix) {
  return recoverRestores(posix, findJournals(posix, encodeText(current.target)), SELF);
}

function same(current: Scene, posix: Posix, expected: string): boolean {
  const timeToleranceNs = posix.capabilities.nanosecondTimes ? 0n : 477n;
  return compareTrees(expected, current.target, { timeToleranceNs, ignore: new Set(['']) }).length === 0;
}

/** Field 22 of /proc/PID/stat. */
function startOf(pid: number): number {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
}
