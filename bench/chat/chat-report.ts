import { markdownTable } from '../report.ts';
import { DEEDS, PHASES, type Phase, PLATFORMS, type Sample } from './sample.ts';

/** What the 99th percentile of acknowledgements may be, in milliseconds. What is not here has no bar. */
export const ACKNOWLEDGE_BARS: Readonly<Partial<Record<Phase, number>>> = {
  first: 100,
  idle: 100,
  backup: 250,
  after: 250,
};

export interface ChatVerdict {
  readonly bar: string;
  readonly required: string;
  readonly measured: string;
  readonly reached: boolean;
}

/** The value that `share` of all values do not exceed (nearest rank). Throws on an empty list. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error('A percentile of no values is undefined: measure at least once.');
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] as number;
}

/** One line a phase, platform and deed. */
export function figuresTable(samples: readonly Sample[]): string {
  const rows = PHASES.flatMap((phase) =>
    PLATFORMS.flatMap((platform) =>
      DEEDS.flatMap((deed) => {
        const own = samples.filter((one) => one.phase === phase && one.platform === platform && one.deed === deed);
        return own.length === 0 ? [] : [[`${phase} ${platform} ${deed}`, ...figures(own)]];
      }),
    ),
  );
  const header = ['what', 'count', 'ack p50 ms', 'p99', 'max', 'final p50 ms', 'max', 'unanswered', 'empty'];
  return markdownTable(header, rows);
}

/** Whether the bars were reached. An event that was never acknowledged counts as slower than any. */
export function judgeChat(samples: readonly Sample[]): ChatVerdict[] {
  const acknowledged = PHASES.flatMap((phase): ChatVerdict[] => {
    const most = ACKNOWLEDGE_BARS[phase];
    const own = samples.filter((sample) => sample.phase === phase);
    if (most === undefined || own.length === 0) return [];
    const p99 = percentile(
      own.map(({ acknowledgedMs }) => acknowledgedMs ?? Number.POSITIVE_INFINITY),
      0.99,
    );
    const measured = `${milliseconds(p99)} ms`;
    return [{ bar: `acknowledgement, ${phase}: p99`, required: `under ${most} ms`, measured, reached: p99 < most }];
  });
  const burst = samples.filter(({ phase }) => phase === 'burst');
  const missing = burst.filter(isUnanswered).length;
  const answered = `${burst.length - missing} of ${burst.length}`;
  const all = { bar: 'burst: final messages', required: 'all', measured: answered, reached: missing === 0 };
  return [...acknowledged, ...(burst.length > 0 ? [all] : [])];
}

export function verdictTable(verdicts: readonly ChatVerdict[]): string {
  const rows = verdicts.map(({ bar, required, measured, reached }) => [
    bar,
    required,
    measured,
    reached ? 'reached' : 'missed',
  ]);
  return markdownTable(['bar', 'required', 'measured', 'verdict'], rows);
}

function figures(samples: readonly Sample[]): string[] {
  const acknowledged = samples.flatMap(({ acknowledgedMs }) => acknowledgedMs ?? []);
  const final = samples.flatMap(({ finalMs }) => finalMs ?? []);
  const at = (values: readonly number[], share: number): string =>
    values.length === 0 ? '-' : milliseconds(percentile(values, share));
  return [
    String(samples.length),
    ...[0.5, 0.99, 1].map((share) => at(acknowledged, share)),
    ...[0.5, 1].map((share) => at(final, share)),
    String(samples.filter(isUnanswered).length),
    String(samples.filter(({ empty }) => empty).length),
  ];
}

const isUnanswered = ({ acknowledgedMs, finalMs }: Sample): boolean =>
  acknowledgedMs === undefined || finalMs === undefined;

const milliseconds = (ms: number): string => (ms < 10 ? ms.toFixed(1) : ms.toFixed(0));
