import { describe, expect, it } from 'vitest';
import { barReport, corpusReport, markdownTable, ratioReport } from '../../bench/report.ts';
import type { Result } from '../../bench/results.ts';

const mebi = 1 << 20;

function full(tool: Result['tool'], run: number, wallMs: number): Result {
  return {
    corpus: 'small',
    run,
    tool,
    phase: 'full',
    wallMs,
    cpuMs: 500,
    peakBytes: 64 * mebi,
    repositoryBytes: 20 * mebi,
  };
}

describe('markdownTable', () => {
  it('pads every column to its widest cell and aligns figures to the right', () => {
    expect(
      markdownTable(
        ['phase', 's'],
        [
          ['full', '1.25'],
          ['unchanged', '10.50'],
        ],
      ).split('\n'),
    ).toEqual(['| phase     |     s |', '|-----------|------:|', '| full      |  1.25 |', '| unchanged | 10.50 |']);
  });
});

describe('corpusReport', () => {
  it('shows the median, the range, CPU, memory and repository of each tool', () => {
    const report = corpusReport([full('restic', 1, 4000), full('restic', 2, 6000), full('restic', 3, 4500)], 'small');
    const row = report
      .split('\n')
      .find((line) => line.includes('restic'))
      ?.split('|')
      .map((cell) => cell.trim());
    expect(row?.slice(1, -1)).toEqual(['full', 'restic', '4.50', '4.00 - 6.00', '0.50', '64', '20']);
  });
});

describe('ratioReport', () => {
  it('divides the peer by Holdfast and marks what was not measured', () => {
    const report = ratioReport([full('restic', 1, 4000), full('holdfast', 1, 1600)], 'small');
    expect(report).toMatch(/\| full +\| +2\.50 \| +- \|/);
  });

  it('is left out when there is nothing to compare', () => {
    expect(ratioReport([full('restic', 1, 4000)], 'small')).toBeUndefined();
  });
});

describe('barReport', () => {
  it('counts what was reached among what was measured', () => {
    const report = barReport([
      { bar: 'a', required: '2x', measured: '2.10x', reached: true, missedBy: undefined },
      { bar: 'b', required: '2x', measured: '1.50x', reached: false, missedBy: '25.0 %' },
      { bar: 'c', required: '2x', measured: undefined, reached: undefined, missedBy: undefined },
    ]);
    expect(report).toContain('1 of 2 measured ones reached');
    expect(report).toContain('missed by 25.0 %');
    expect(report).toContain('not measured');
  });
});
