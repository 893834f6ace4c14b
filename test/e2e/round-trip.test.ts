import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPosix } from '../../src/backup/posix/open-posix.ts';
import { BackupPlace } from '../helpers/backup-place.ts';
import { holdfast } from '../helpers/holdfast-process.ts';
import { createQuickRepository } from '../helpers/quick-repository.ts';
import { SeededRandom, testSeed } from '../helpers/seeded-random.ts';
import { changeSampleTree } from '../helpers/tree/change-tree.ts';
import { compareTrees, type Losses } from '../helpers/tree/compare-trees.ts';
import { randomContent } from '../helpers/tree/random-content.ts';
import { readTree, type Tree } from '../helpers/tree/read-tree.ts';
import { makeSampleTree } from '../helpers/tree/sample-tree.ts';

/** What the layer without native calls declares. Doubles hold seconds of the 25th century to two microseconds. */
const PORTABLE_LOSSES: Losses = { timeNs: 2000n, xattrs: true, holes: true, specialFiles: true };
const ROUNDS = process.env.HOLDFAST_SOAK === '1' ? 20 : 1;

let root: string;
let place: BackupPlace;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-round-trip-'));
});

afterEach(() => {
  execFileSync('rm', ['-rf', root]);
});

interface Taken {
  snapshot: string;
  tree: Tree;
}

/** A full backup, one after changes of every sort, and one after an insertion into a large file. */
async function takeThree(seed: number, take: () => Promise<string>): Promise<Taken[]> {
  const random = new SeededRandom(seed);
  const { make } = place;
  const taken: Taken[] = [];
  const note = async (): Promise<void> => {
    const tree = place.tree();
    taken.push({ snapshot: await take(), tree });
  };
  makeSampleTree(make, random);
  await note();
  changeSampleTree(make, random);
  await note();
  make.rename('files/edited', 'files/edited before');
  make.file('files/edited', randomContent(random, 3_000_333));
  make.remove('files/edited before');
  make.remove('links');
  await note();
  return taken;
}

async function json(words: string[], environment: Record<string, string>): Promise<Record<string, unknown>> {
  const { status, output, messages } = await holdfast(['--json', ...words], { environment });
  expect({ status, messages: status === 0 ? '' : output + messages }).toEqual({ status: 0, messages: '' });
  return JSON.parse(output);
}

describe.each(Array.from({ length: ROUNDS }, () => testSeed()))('a tree with one of everything, seed %i', (seed) => {
  it.skipIf(openPosix().name !== 'native')(
    'comes back identical through the command line, three times',
    async () => {
      place = new BackupPlace(root, {});
      const environment = {
        HOLDFAST_REPO: join(root, 'repository'),
        HOLDFAST_PASSWORD: 'correct horse',
        HOLDFAST_STATE_DIR: join(root, 'state'),
      };
      await createQuickRepository(join(root, 'repository'), 'correct horse');
      const backup = async (): Promise<string> => {
        const { snapshot, warnings } = await json(['backup', place.source], environment);
        expect(warnings).toEqual([]);
        return snapshot as string;
      };
      for (const { snapshot, tree } of await takeThree(seed, backup)) {
        const to = join(root, snapshot);
        await json(['restore', snapshot, '--to', to, '--apply', '--devices'], environment);
        expect(compareTrees(tree, readTree(openPosix(), to))).toEqual([]);
      }
      expect(await json(['verify', '--deep'], environment)).toMatchObject({ damaged: [], snapshots: 3 });
    },
    120_000,
  );

  it.each([
    { how: 'in one thread', options: { threads: 0 }, losses: {} },
    { how: 'without native calls', options: { threads: 1, posix: 'off' as const }, losses: PORTABLE_LOSSES },
  ])(
    'comes back identical $how, with the declared losses alone',
    async ({ options, losses }) => {
      place = new BackupPlace(root, {});
      const backup = async (): Promise<string> => {
        const result = await place.backup({}, options);
        expect(result).toMatchObject({ warnings: [], unreadable: 0 });
        return result.snapshot;
      };
      for (const { snapshot, tree } of await takeThree(seed, backup)) {
        const to = await place.restore(snapshot, options);
        expect(compareTrees(tree, readTree(openPosix(), to), losses)).toEqual([]);
      }
    },
    120_000,
  );
});
