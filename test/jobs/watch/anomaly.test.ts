import { describe, expect, it } from 'vitest';
import { thinned } from '../../../src/jobs/thin-runs.ts';
import { unusual } from '../../../src/jobs/watch/anomaly.ts';
import type { RunRecord } from '../../../src/state/unattended-records.ts';
import { runRecord } from '../../helpers/run-record.ts';
import { SeededRandom, testSeed } from '../../helpers/seeded-random.ts';
import { deleted, encrypted, type SimulatedSource, simulatedYear } from '../../helpers/simulated-source.ts';

const HOUR_MS = 3_600_000;
/** A Monday. */
const START_MS = Date.UTC(2030, 0, 7);
const seed = testSeed();
/** The bot does it at each run, which takes a test too long. */
const THIN_EVERY = 20;

const app: SimulatedSource = { everyHours: 4, dailyChurn: 0.03, weeklyChurn: 0.3, growth: 0.002, ratio: 0.35 };
const SOURCES: Readonly<Record<string, SimulatedSource>> = {
  'an app': app,
  'an app that is backed up every other hour': { ...app, everyHours: 2 },
  'an app that is backed up once a day': { ...app, everyHours: 24 },
  'one whose weekly batch touches nearly everything': { ...app, weeklyChurn: 0.75 },
  'one that is cleaned up every week': { ...app, purge: 0.7, weeklyChurn: 0.1 },
  'a quiet archive of pictures': { ...app, dailyChurn: 0.001, weeklyChurn: 0.02, ratio: 0.97 },
  'a busy database': { ...app, dailyChurn: 0.8, weeklyChurn: 0.4, ratio: 0.25 },
  'one that grows fast': { ...app, growth: 0.006 },
};

/** Runs a year as the bot would, with an owner who says at once that all looks right. `sabotage` is asked before each run. */
function judgeYear(
  runs: Iterable<RunRecord>,
  sabotage: (run: RunRecord, at: number) => RunRecord[] = () => [],
): { falsely: string[]; missed: number; tried: number } {
  let history: RunRecord[] = [];
  let accepted: string | undefined;
  const falsely: string[] = [];
  let [missed, tried, at] = [0, 0, 0];
  for (const run of runs) {
    for (const bad of sabotage(run, at++)) {
      tried++;
      if (unusual(bad, { earlier: history, accepted }).length === 0) missed++;
    }
    const reasons = unusual(run, { earlier: history, accepted });
    if (reasons.length > 0) {
      falsely.push(`${run.started}: ${reasons.join('; ')}`);
      accepted = run.started;
    }
    history = at % THIN_EVERY === 0 ? thinned([...history, run]) : [...history, run];
  }
  return { falsely, missed, tried };
}

describe(`what is far from the usual, seed ${seed}`, () => {
  it.each(Object.entries(SOURCES))(
    'is each run with 60 in 100 files encrypted in place or 90 deleted, and at most one other in a year, of %s',
    (_name, source) => {
      const random = new SeededRandom(seed + 1);
      // One of each twenty runs, so that no seed tries too few.
      let chosen = 0;
      const sabotage = (run: RunRecord, at: number): RunRecord[] => {
        if (at % 20 === 0) chosen = random.below(20);
        return at >= 60 && at % 20 === chosen ? [encrypted(run, 0.6), deleted(run, 0.9)] : [];
      };
      const { falsely, missed, tried } = judgeYear(simulatedYear(source, new SeededRandom(seed), START_MS), sabotage);
      expect(tried).toBeGreaterThan(20);
      expect(missed).toBe(0);
      expect(falsely.length, falsely.join('\n')).toBeLessThanOrEqual(1);
    },
  );
});

describe('a run', () => {
  const steady = (count: number): RunRecord[] =>
    Array.from({ length: count }, (_, i) => runRecord(START_MS + i * HOUR_MS));
  const next = runRecord(START_MS + 20 * HOUR_MS);
  const judge = (run: RunRecord, earlier = steady(20), accepted?: string) => unusual(run, { earlier, accepted });

  it('as the others is usual', () => {
    expect(judge(next)).toEqual([]);
  });

  it('says what is unusual about it', () => {
    expect(judge(deleted(next, 0.9))).toEqual([
      'The content shrank to 95.4 MiB; usual are 954 MiB',
      'There are 1000 files; usual are 10000',
    ]);
    expect(judge(encrypted(next, 0.6))).toEqual([
      '60 % of the files are new or changed; usual are up to 1 %',
      '60 % of the content is new; usual are up to 2 %',
      '60 % of the content is new and takes 100 % of its size when compressed; usual are 40 %',
    ]);
    expect(judge({ ...next, bytes: 9e9 })).toEqual(['The content grew to 8.38 GiB; usual are 954 MiB']);
  });

  it('is not judged before there are enough to compare with', () => {
    expect(judge(deleted(next, 0.9), steady(7))).toEqual([]);
  });

  it('of encrypted files under new names is unusual, too', () => {
    const files = { new: 6000, changed: 0, unmodified: 4000, unreadable: 0 };
    expect(judge({ ...encrypted(next, 0.6), files })).toHaveLength(3);
  });

  it('after a cleanup that an owner found right is compared with what is there since', () => {
    const small = deleted(next, 0.9);
    expect(judge(small, [...steady(20), small], small.started)).toEqual([]);
    expect(judge(deleted(small, 0.9), [...steady(20), small], small.started)).not.toEqual([]);
  });
});
