import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/backup/engine.ts';
import { openPosix } from '../../src/backup/posix/open-posix.ts';
import { LocalStore } from '../../src/backup/stores/local.ts';
import { HoldfastError } from '../../src/shared/errors.ts';
import { parsePrintableName } from '../../src/shared/printable.ts';
import { readProcessIdentity } from '../../src/shared/process-identity.ts';
import { compareRestored, RESCUE_LOSSES } from '../helpers/damage/compare-restored.ts';
import { openInline } from '../helpers/damage/open-inline.ts';
import { rescueInThread } from '../helpers/damage/rescue-worker.ts';
import { createQuickRepository } from '../helpers/quick-repository.ts';
import { BuiltRepository, PASSPHRASE } from '../helpers/rescue/built-repository.ts';
import { flipBits, hostileEntries } from '../helpers/rescue/hostile-entries.ts';
import { RESCUE, type RescueRun } from '../helpers/rescue/run-rescue.ts';
import { SeededRandom, testSeed } from '../helpers/seeded-random.ts';
import { makeRandomTree } from '../helpers/tree/random-tree.ts';
import { readTree, type Tree } from '../helpers/tree/read-tree.ts';
import { TreeMaker } from '../helpers/tree/tree-maker.ts';

const inFull = process.env.HOLDFAST_SOAK === '1';
const SEED = testSeed();
const TREES = inFull ? 60 : 2;
const HOSTILE = inFull ? 400 : 12;
const HASHED_BYTES = 2 ** 30;
const NOTHING = { files: new Set<string>(), entries: new Set<string>() };

const posix = openPosix();
let root: string;
let alone: string;
let folders = 0;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'rescue-differential-'));
  alone = join(root, 'alone');
  mkdirSync(alone);
  copyFileSync(RESCUE, join(alone, 'rescue.mjs'));
});

afterAll(() => {
  execFileSync('rm', ['-rf', root]);
});

const newFolder = (): string => join(root, `folder ${folders++}`);

function open(repository: string, passphrase = PASSPHRASE): Promise<Engine> {
  const store = new LocalStore(repository, { identity: readProcessIdentity() });
  return openInline({ store, passphrase, state: newFolder() });
}

async function rescue(repository: string, snapshot: string): Promise<{ run: RescueRun; tree: Tree }> {
  const target = newFolder();
  const words = ['restore', snapshot, '--to', target, '--repo', repository];
  const run = await rescueInThread(join(alone, 'rescue.mjs'), words, PASSPHRASE);
  return { run, tree: read(target) };
}

function read(target: string): Tree {
  return existsSync(target) ? readTree(posix, target, HASHED_BYTES) : new Map();
}

/** The same bytes, names, links and modes; rescue names what it cannot restore. */
function differences(expected: Tree, actual: Tree): string[] {
  return compareRestored(expected, actual, NOTHING, RESCUE_LOSSES);
}

describe(`rescue.mjs beside the engine, HOLDFAST_SEED=${SEED}`, () => {
  it(`restores ${TREES} random trees as the engine does, with the index and without`, async () => {
    for (let seed = SEED; seed < SEED + TREES; seed++) {
      const random = new SeededRandom(seed);
      const [source, repository, target] = [newFolder(), newFolder(), newFolder()];
      mkdirSync(source);
      const make = new TreeMaker(posix, source);
      makeRandomTree(make, random, inFull ? 400 : 120);
      await createQuickRepository(repository, PASSPHRASE);
      const engine = await open(repository);
      const first = await engine.backup({ paths: [source] });
      make.folder('and more');
      makeRandomTree(new TreeMaker(posix, join(source, 'and more')), random, 30);
      const { snapshot } = await engine.backup({ paths: [source] });
      expect(first.warnings).toEqual([]);
      await engine.restore({ snapshot, to: target, apply: true });
      await engine.close();
      const expected = read(target);
      expect(differences(read(source), expected), `seed ${seed}, engine`).toEqual([]);
      for (const hasIndex of [true, false]) {
        if (!hasIndex) rmSync(join(repository, 'index'), { recursive: true });
        const { run, tree } = await rescue(repository, snapshot);
        expect({ status: run.status, stderr: run.stderr }, `seed ${seed}`).toEqual({ status: 0, stderr: '' });
        expect(differences(expected, tree), `seed ${seed}, index ${hasIndex}`).toEqual([]);
      }
    }
  });

  it(`makes of ${HOSTILE} hostile manifests what the engine makes of them, and nothing outside the target`, async () => {
    const built = await BuiltRepository.create(SEED);
    const snapshots: { id: string; seed: number }[] = [];
    for (let seed = SEED; seed < SEED + HOSTILE; seed++) {
      const random = new SeededRandom(seed);
      const entries = hostileEntries(random);
      const alter = random.below(2) === 0 ? (manifest: Buffer) => flipBits(manifest, random) : undefined;
      const entriesPerChunk = 4 + random.below(60);
      snapshots.push({ id: built.addSnapshot(entries, { entriesPerChunk, ...(alter && { alter }) }), seed });
    }
    const repository = built.writeTo(newFolder());
    const engine = await open(repository);
    for (const { id, seed } of snapshots) {
      const outside = newFolder();
      mkdirSync(outside);
      const target = join(outside, 'target');
      const named = await restoreWhatCanBeHad(engine, id, target);
      expect(
        readdirSync(outside).filter((name) => name !== 'target'),
        `seed ${seed}`,
      ).toEqual([]);
      const { run, tree } = await rescue(repository, id);
      expect(run.stderr, `seed ${seed}`).not.toMatch(/^ +at /m);
      // A file that has all its chunks and another hash than is claimed is noticed by rescue alone, which always compares it.
      const isWronglyHashed = run.stdout.includes('does not hash to its digest');
      expect(run.status !== 0, `seed ${seed}: ${run.stdout}${run.stderr}`).toBe(named.size > 0 || isWronglyHashed);
      for (const path of lostFiles(run)) named.add(path);
      const [expected, actual] = [comparable(read(target), named), comparable(tree, named)];
      expect(differences(expected, actual), `seed ${seed}: ${run.stdout}`).toEqual([]);
    }
    await engine.close();
    expect(existsSync('/tmp/holdfast-escape')).toBe(false);
  });
});

/** Names of what is damaged: paths among them. */
async function restoreWhatCanBeHad(engine: Engine, snapshot: string, to: string): Promise<Set<string>> {
  try {
    const { damaged } = await engine.restore({ snapshot, to, apply: true, keepGoing: true });
    const files = damaged.flatMap((damage) => damage.files.map((file) => rawName(file.slice('12345678:'.length))));
    return new Set([...damaged.map(({ object }) => object), ...files]);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'damaged') return new Set([error.message]);
    throw error;
  }
}

function lostFiles({ stdout }: RescueRun): string[] {
  const lines = stdout.matchAll(/^(?:LOST {5}|FAILED {3})(.*?): /gm);
  return [...lines].map(([, shown]) => rawName(shown as string));
}

const rawName = (shown: string): string => parsePrintableName(shown) ?? shown;

/**
 * What both must have restored: not what one of them names as lost. An entry may be there twice, or lean on one that is refused later; then either may
 * be right. Folders whose entry was lost are as they come.
 */
function comparable(tree: Tree, named: ReadonlySet<string>): Tree {
  const below = [...tree].filter(([path]) => path !== '' && !named.has(path));
  return new Map(
    below.map(([path, fact]) => {
      const sameAs = named.has(fact.sameAs) ? path : fact.sameAs;
      return [path, { ...fact, sameAs, mtimeNs: fact.type === 'directory' ? '0' : fact.mtimeNs }];
    }),
  );
}
