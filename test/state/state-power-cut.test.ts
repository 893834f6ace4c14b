import { constants } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readProcessIdentity } from '../../src/shared/process-identity.ts';
import type { FileCalls } from '../../src/state/file-calls.ts';
import { openState, type State } from '../../src/state/state.ts';
import { CrashFileSystem } from '../helpers/crash-file-system.ts';
import { SeededRandom } from '../helpers/seeded-random.ts';

const SEEDS = 400;
const LIVES = 3;
const CHANGES = 4;
/** Calls of opening the state and of all changes of a life, and a few more. */
const CALLS = 125;
const FOLDER = '/disk/state';

type Alter = (files: FileCalls) => FileCalls;

/** Leaves out what makes `path` durable. */
function withoutSync(path: RegExp): Alter {
  return (files) => ({
    ...bound(files),
    async open(name, flags, mode) {
      const file = await files.open(name, flags, mode);
      return path.test(name) ? { ...file, sync: async () => {} } : file;
    },
  });
}

function bound(files: FileCalls): FileCalls {
  const { open, readdir, lstat, mkdir, link, rename, unlink } = files;
  const all = { open, readdir, lstat, mkdir, link, rename, unlink };
  return Object.fromEntries(
    Object.entries(all).map(([name, call]) => [name, call.bind(files)]),
  ) as unknown as FileCalls;
}

/** Truncates and writes over what is there, as one does without care. */
const writingOver: Alter = (files) => ({
  ...bound(files),
  open: (name, flags, mode) =>
    files.open(name, (flags & ~constants.O_EXCL) | (flags & constants.O_EXCL ? constants.O_TRUNC : 0), mode),
  unlink: async (path) => {
    if (!path.endsWith('.new')) await files.unlink(path);
  },
});

/** What is wrong after several lives that each end with a power cut at some call; how often all was acknowledged, and how often a change was lost. */
async function live(seed: number, alter: Alter): Promise<{ harm: string[]; acknowledged: number; lost: number }> {
  const random = new SeededRandom(seed);
  let files = new CrashFileSystem('/disk', random, { cutAtCall: 1 + random.below(CALLS) });
  const harm: string[] = [];
  const outcome = { harm, acknowledged: 0, lost: 0 };
  let safe = 0;
  let tried = 0;
  for (let life = 0; life <= LIVES; life++) {
    const warnings: string[] = [];
    const identity = { ...readProcessIdentity(), boot: `boot ${life}` };
    let state: State | undefined;
    try {
      state = await openState(FOLDER, { identity, files: alter(files), onWarning: (text) => warnings.push(text) });
    } catch (error) {
      if (!files.isDown) harm.push(`life ${life} does not open: ${error}`);
    }
    if (state !== undefined) {
      const known = state.document.owners.length;
      if (known < safe) harm.push(`${known} of ${safe} confirmed changes are left`);
      if (known > tried) harm.push(`${known} changes after ${tried}`);
      if (known < tried) outcome.lost++;
      if (known < tried && warnings.length === 0) harm.push('nothing was said of a change that is missing');
      safe = known;
      tried = known;
      for (let i = 0; i < CHANGES && life < LIVES; i++) {
        tried++;
        const change = state.update(
          ({ owners }) => void owners.push({ platform: 'p', id: String(tried), name: '', since: '' }),
        );
        if (
          !(await change.then(
            () => true,
            () => false,
          ))
        )
          break;
        safe = tried;
        outcome.acknowledged++;
      }
    }
    const { isDown } = files;
    files = files.afterPowerCut(life + 1 < LIVES ? { cutAtCall: 1 + random.below(CALLS) } : {});
    // A life that ran to its end was not closed either.
    if (!isDown && state === undefined) break;
  }
  return outcome;
}

async function firstHarmfulSeed(alter: Alter): Promise<number> {
  for (let seed = 0; seed < SEEDS; seed++) if ((await live(seed, alter)).harm.length > 0) return seed;
  return SEEDS;
}

describe('the state after a power cut at any call', () => {
  it(`opens, has every confirmed change, and says so where the last one is missing, over ${SEEDS} seeds`, async () => {
    let lost = 0;
    const acknowledged: number[] = [];
    for (let seed = 0; seed < SEEDS; seed++) {
      const outcome = await live(seed, (files) => files);
      expect(outcome.harm, `seed ${seed}`).toEqual([]);
      lost += outcome.lost;
      acknowledged.push(outcome.acknowledged);
    }
    // The power goes early, in the middle of changes, and when all is done: otherwise the above proves little.
    expect(lost).toBeGreaterThan(SEEDS / 10);
    expect(acknowledged.filter((count) => count < CHANGES).length).toBeGreaterThan(SEEDS / 50);
    expect(acknowledged.filter((count) => count === LIVES * CHANGES).length).toBeGreaterThan(SEEDS / 50);
  });

  it.each([
    { what: 'what is written is not synced', alter: withoutSync(/state\.json\.new$/) },
    { what: 'the folder is not synced', alter: withoutSync(/\/state$/) },
    { what: 'the folder above is not synced', alter: withoutSync(/^\/disk$/) },
    { what: 'a half-written file is written over', alter: writingOver },
  ])('loses more where $what', async ({ alter }) => {
    expect(await firstHarmfulSeed(alter)).toBeLessThan(SEEDS);
  });
});
