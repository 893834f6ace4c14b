import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { findJournals, recoverRestores } from '../../../../src/backup/operations/restore/recover.ts';
import { encodeText } from '../../../../src/shared/bytes.ts';
import { readProcessIdentity } from '../../../../src/shared/process-identity.ts';
import { compareTrees } from '../../../helpers/compare-trees.ts';
import { scriptEnvironment } from '../../../helpers/compile-cache.ts';
import { SeededRandom, testSeed } from '../../../helpers/seeded-random.ts';
import { IMPLEMENTATIONS, IN_MEMORY, type Scene, useScene } from './scene.ts';

const KILLS = 8;
const SOURCE = `
for d in 1 2 3 4 5 6 7 8; do mkdir d$d; for f in 1 2 3 4 5 6 7 8 9; do printf new-$d-$f > d$d/f$f; done; done
head -c 400000 /dev/urandom > large; ln -s large link; ln d1/f1 joined`;
const TARGET = `
for d in 1 2 3 4 5; do mkdir d$d; for f in 1 2 3 4 5; do printf old-$d > d$d/f$f; done; done
mkdir large; printf x > large/x; printf y > link; mkdir -p gone/deep; printf z > gone/deep/z`;

describe.each(IMPLEMENTATIONS)('%s: kill -9 of a restore', (name, posix) => {
  const scene = useScene(IN_MEMORY);

  it.each([
    ['of everything', ''],
    ['of a part', 'd1,d2,d3,d4,large,link'],
  ])(
    '%s leaves the target wholly old or wholly new',
    async (_what, paths) => {
      const { current } = scene;
      const seed = testSeed();
      const random = new SeededRandom(seed);
      current.shell(current.source, SOURCE);
      current.shell(current.target, TARGET);
      const before = current.copy(current.target, 'before');
      // The first child is not killed: it shows what new means, and how long it takes.
      const durations: number[] = [];
      const first = await start(current, name, paths);
      for (let i = 0; i < 2; i++) {
        reset(current, before);
        durations.push(await restoreIn(first, current));
      }
      first.kill('SIGKILL');
      const after = current.copy(current.target, 'after');
      const duration = durations.at(-1) as number;

      let next = start(current, name, paths);
      for (let kill = 0; kill < KILLS; kill++) {
        reset(current, before);
        const child = await next;
        next = kill + 1 < KILLS ? start(current, name, paths) : next;
        child.stdin?.write(`${current.target}\n`);
        await said(child, 'start');
        // The first run of a process is slower than its later ones.
        await delay(random.below(1000 * 1.6 * duration) / 1000);
        await killed(child);
        await recoverRestores(posix, findJournals(posix, encodeText(current.target)), readProcessIdentity());
        const isNew = same(current, posix, after);
        expect({ seed, kill, old: same(current, posix, before) }).toEqual({ seed, kill, old: !isNew });
        expect(current.beside()).toEqual([]);
      }
    },
    120_000,
  );
});

async function start(current: Scene, name: string, paths: string): Promise<ChildProcess> {
  const packs = fs.mkdtempSync(join(current.home, 'packs-'));
  const program = join(import.meta.dirname, 'kill-child.ts');
  const args = [program, current.source, packs, name === 'native' ? 'auto' : 'off', paths];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], env: scriptEnvironment() });
  await said(child, 'ready');
  return child;
}

/** Milliseconds. */
async function restoreIn(child: ChildProcess, current: Scene): Promise<number> {
  const began = performance.now();
  child.stdin?.write(`${current.target}\n`);
  await said(child, 'done');
  return performance.now() - began;
}

function said(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const listen = (piece: Buffer) => {
      text += piece.toString();
      if (!text.includes(word)) return;
      child.stdout?.off('data', listen);
      resolve();
    };
    child.stdout?.on('data', listen);
    child.once('exit', () => reject(new Error(`the child ended before it said ${word}: ${text}`)));
  });
}

async function killed(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}

function reset(current: Scene, before: string): void {
  execFileSync('rm', ['-rf', join(current.home, 'place')]);
  fs.mkdirSync(join(current.home, 'place'));
  execFileSync('cp', ['-a', before, current.target]);
}

function same(current: Scene, posix: { capabilities: { nanosecondTimes: boolean } }, expected: string): boolean {
  const timeToleranceNs = posix.capabilities.nanosecondTimes ? 0n : 477n;
  return compareTrees(expected, current.target, { timeToleranceNs, ignore: new Set(['']) }).length === 0;
}
