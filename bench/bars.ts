import type { CorpusName } from './corpora.ts';
import { medianOf, type Phase, type Result, type ToolName, valuesByRun } from './results.ts';
import { pairedRatio } from './statistics.ts';

/** Holdfast must be at least `times` as fast as the peer. */
export interface SpeedBar {
  readonly corpus: CorpusName;
  readonly phase: Phase;
  readonly peer: Exclude<ToolName, 'holdfast'>;
  readonly times: number;
}

/** What was found: `measured` is undefined where the runs do not say. */
export interface Verdict {
  readonly bar: string;
  readonly required: string;
  readonly measured: string | undefined;
  readonly reached: boolean | undefined;
  /** By how much it was missed, for example `12 %`. */
  readonly missedBy: string | undefined;
}

const resticBars: readonly Omit<SpeedBar, 'peer'>[] = [
  { corpus: 'small', phase: 'full', times: 2 },
  { corpus: 'mixed', phase: 'full', times: 2 },
  { corpus: 'large', phase: 'full', times: 1.7 },
  { corpus: 'small', phase: 'unchanged', times: 3 },
  { corpus: 'small', phase: 'changed', times: 3 },
  { corpus: 'large', phase: 'changed', times: 1.5 },
  { corpus: 'small', phase: 'restore', times: 2 },
  { corpus: 'large', phase: 'restore', times: 1.3 },
  { corpus: 'small', phase: 'check', times: 1.5 },
  { corpus: 'large', phase: 'check', times: 1.3 },
];

/** Required ratios of speed: those against restic, and wherever there is one, to be ahead of borg too. */
export const SPEED_BARS: readonly SpeedBar[] = [
  ...resticBars.map((bar) => ({ ...bar, peer: 'restic' as const })),
  ...resticBars.map((bar) => ({ ...bar, peer: 'borg' as const, times: 1 })),
];

/** Peak memory in MiB that no phase may exceed. */
export const MEMORY_BARS: Readonly<Record<CorpusName, number>> = { small: 256, large: 256, mixed: 256, million: 320 };

const mebi = 1 << 20;

/** Every bar of the corpora that were run, judged. Never throws: a missing measurement is a verdict too. */
export function judge(results: readonly Result[], corpora: readonly CorpusName[]): Verdict[] {
  return [
    ...SPEED_BARS.filter((bar) => corpora.includes(bar.corpus)).map((bar) => judgeSpeed(results, bar)),
    ...corpora.flatMap((corpus) => [
      judgeRepository(results, corpus, 'full'),
      judgeRepository(results, corpus, 'changed'),
    ]),
    ...corpora.map((corpus) => judgeMemory(results, corpus)),
  ];
}

function judgeSpeed(results: readonly Result[], { corpus, phase, peer, times }: SpeedBar): Verdict {
  const ratio = pairedRatio(
    valuesByRun(results, { corpus, phase, tool: peer }, 'wallMs'),
    valuesByRun(results, { corpus, phase, tool: 'holdfast' }, 'wallMs'),
  );
  const reached = ratio === undefined ? undefined : times === 1 ? ratio > 1 : ratio >= times;
  return {
    bar: `${corpus} ${phase} against ${peer}`,
    required: times === 1 ? 'faster' : `${times}x`,
    measured: ratio === undefined ? undefined : `${ratio.toFixed(2)}x`,
    reached,
    missedBy: reached === false ? percent(1 - (ratio as number) / times) : undefined,
  };
}

function judgeRepository(results: readonly Result[], corpus: CorpusName, phase: Phase): Verdict {
  const sizes = (['restic', 'borg'] as const).flatMap(
    (tool) => medianOf(results, { corpus, phase, tool }, 'repositoryBytes') ?? [],
  );
  const limit = sizes.length === 0 ? undefined : Math.min(...sizes);
  const ours = medianOf(results, { corpus, phase, tool: 'holdfast' }, 'repositoryBytes');
  return judgeLimit(`${corpus} repository after ${phase}`, ours, limit);
}

function judgeMemory(results: readonly Result[], corpus: CorpusName): Verdict {
  const peaks = results.filter((result) => result.corpus === corpus && result.tool === 'holdfast');
  const highest = peaks.length === 0 ? undefined : Math.max(...peaks.map((result) => result.peakBytes));
  return judgeLimit(`${corpus} peak memory of any phase`, highest, MEMORY_BARS[corpus] * mebi);
}

function judgeLimit(bar: string, value: number | undefined, limit: number | undefined): Verdict {
  const known = value !== undefined && limit !== undefined;
  const reached = known ? value <= limit : undefined;
  return {
    bar,
    required: limit === undefined ? 'at most that of the smaller peer' : `at most ${Math.round(limit / mebi)} MiB`,
    measured: value === undefined ? undefined : `${Math.round(value / mebi)} MiB`,
    reached,
    missedBy: reached === false ? percent((value as number) / (limit as number) - 1) : undefined,
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
