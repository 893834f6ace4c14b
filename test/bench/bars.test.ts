import { describe, expect, it } from 'vitest';
import { judge, SPEED_BARS } from '../../bench/bars.ts';
import type { Phase, Result, ToolName } from '../../bench/results.ts';

const mebi = 1 << 20;

function result(tool: ToolName, phase: Phase, figures: Partial<Result>): Result {
  const nothing = { wallMs: 1000, cpuMs: 0, peakBytes: 0, repositoryBytes: 0 };
  return { corpus: 'small', run: 1, tool, phase, ...nothing, ...figures };
}

function verdictOn(bar: string, results: readonly Result[]) {
  const verdict = judge(results, ['small']).find((candidate) => candidate.bar === bar);
  if (verdict === undefined) throw new Error(`no bar is called "${bar}"`);
  return verdict;
}

describe('speed bars', () => {
  const bar = 'small full against restic';

  it('are reached at exactly the required ratio', () => {
    const results = [result('restic', 'full', { wallMs: 4000 }), result('holdfast', 'full', { wallMs: 2000 })];
    expect(verdictOn(bar, results)).toMatchObject({ required: '2x', measured: '2.00x', reached: true });
  });

  it('say by how much they were missed', () => {
    const results = [result('restic', 'full', { wallMs: 3000 }), result('holdfast', 'full', { wallMs: 2000 })];
    expect(verdictOn(bar, results)).toMatchObject({ measured: '1.50x', reached: false, missedBy: '25.0 %' });
  });

  it('are neither reached nor missed without a measurement', () => {
    expect(verdictOn(bar, [])).toMatchObject({ measured: undefined, reached: undefined, missedBy: undefined });
  });

  it('want Holdfast ahead of borg wherever there is a bar against restic', () => {
    const keys = (peer: string) => SPEED_BARS.filter((one) => one.peer === peer).map((one) => one.corpus + one.phase);
    expect(keys('borg')).toEqual(keys('restic'));
    const even = [result('borg', 'full', {}), result('holdfast', 'full', {})];
    expect(verdictOn('small full against borg', even)).toMatchObject({ required: 'faster', reached: false });
  });

  it('of other corpora are left out', () => {
    expect(judge([], ['small']).some((verdict) => verdict.bar.startsWith('large'))).toBe(false);
  });
});

describe('the repository bar', () => {
  it('is the size of the smaller peer', () => {
    const results = [
      result('restic', 'full', { repositoryBytes: 100 * mebi }),
      result('borg', 'full', { repositoryBytes: 90 * mebi }),
      result('holdfast', 'full', { repositoryBytes: 99 * mebi }),
    ];
    expect(verdictOn('small repository after full', results)).toMatchObject({
      required: 'at most 90 MiB',
      reached: false,
      missedBy: '10.0 %',
    });
  });
});

describe('the memory bar', () => {
  it('counts the highest peak of any phase and run, not the median', () => {
    const results = [1, 2, 3].map((run) =>
      result('holdfast', 'check', { run, peakBytes: (run === 2 ? 300 : 100) * mebi }),
    );
    expect(verdictOn('small peak memory of any phase', results)).toMatchObject({ measured: '300 MiB', reached: false });
  });
});
