import type { CorpusName } from './corpora.ts';
import { median } from './statistics.ts';

/** What is measured, in the order in which it happens. */
export const PHASES = ['full', 'unchanged', 'changed', 'check', 'restore'] as const;
export type Phase = (typeof PHASES)[number];

export const TOOLS = ['holdfast', 'restic', 'borg'] as const;
export type ToolName = (typeof TOOLS)[number];

/** One command of one tool in one run. */
export interface Result {
  readonly corpus: CorpusName;
  readonly run: number;
  readonly tool: ToolName;
  readonly phase: Phase;
  readonly wallMs: number;
  /** User and system time of all processes of the command. */
  readonly cpuMs: number;
  readonly peakBytes: number;
  /** Size of the repository when the command had ended. */
  readonly repositoryBytes: number;
}

/** A command that failed or gave wrong content: it is no result, and the tool drops out of the rest of that run. */
export interface Failure {
  readonly corpus: CorpusName;
  readonly run: number;
  readonly tool: ToolName;
  readonly phase: Phase | 'init';
  readonly reason: string;
}

/** The figures of a result that tables and bars are made of. */
export type Figure = 'wallMs' | 'cpuMs' | 'peakBytes' | 'repositoryBytes';

/** The values of one figure by run. */
export function valuesByRun(
  results: readonly Result[],
  where: Pick<Result, 'corpus' | 'tool' | 'phase'>,
  figure: Figure,
): Map<number, number> {
  const matching = results.filter(
    (result) => result.corpus === where.corpus && result.tool === where.tool && result.phase === where.phase,
  );
  return new Map(matching.map((result) => [result.run, result[figure]]));
}

/** The median of one figure over all runs, or undefined where nothing was measured. */
export function medianOf(
  results: readonly Result[],
  where: Pick<Result, 'corpus' | 'tool' | 'phase'>,
  figure: Figure,
): number | undefined {
  const values = [...valuesByRun(results, where, figure).values()];
  return values.length === 0 ? undefined : median(values);
}
