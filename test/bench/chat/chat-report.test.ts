import { describe, expect, it } from 'vitest';
import { figuresTable, judgeChat, percentile } from '../../../bench/chat/chat-report.ts';
import type { Sample } from '../../../bench/chat/sample.ts';

const sample = (given: Partial<Sample>): Sample => ({
  ...{ round: 1, phase: 'idle', platform: 'discord', deed: 'list', sentAt: 0 },
  ...{ acknowledgedMs: 5, finalMs: 50, empty: false },
  ...given,
});

describe('percentile', () => {
  it('gives a value that was measured', () => {
    const values = Array.from({ length: 200 }, (_, i) => 200 - i);
    expect([0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([100, 198, 200]);
    expect(percentile([7], 0.99)).toBe(7);
    expect(() => percentile([], 0.5)).toThrow('measure at least once');
  });
});

describe('judgeChat', () => {
  it('holds each phase to its own bar', () => {
    const verdicts = judgeChat([sample({ acknowledgedMs: 120 }), sample({ phase: 'backup', acknowledgedMs: 120 })]);
    expect(verdicts.map(({ bar, reached }) => [bar, reached])).toEqual([
      ['acknowledgement, idle: p99', false],
      ['acknowledgement, backup: p99', true],
    ]);
  });

  it('takes what was never acknowledged for slower than anything', () => {
    expect(judgeChat([sample({ acknowledgedMs: undefined })])[0]).toMatchObject({ reached: false });
  });

  it('misses the burst for a single final message that never came', () => {
    const samples = [sample({ phase: 'burst' }), sample({ phase: 'burst', finalMs: undefined })];
    expect(judgeChat(samples)).toEqual([
      { bar: 'burst: final messages', required: 'all', measured: '1 of 2', reached: false },
    ]);
  });
});

describe('figuresTable', () => {
  it('has a line for what was measured and none for what was not', () => {
    const lines = figuresTable([sample({}), sample({ platform: 'slack', empty: true })]).split('\n');
    expect(lines.slice(2).map((line) => line.split('|').map((cell) => cell.trim()))).toEqual([
      ['', 'idle discord list', '1', '5.0', '5.0', '5.0', '50', '50', '0', '0', ''],
      ['', 'idle slack list', '1', '5.0', '5.0', '5.0', '50', '50', '0', '1', ''],
    ]);
  });
});
