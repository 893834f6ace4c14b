import type { Verdict } from './bars.ts';
import { CORPORA, type CorpusName } from './corpora.ts';
import { type Failure, medianOf, PHASES, type Result, TOOLS, type ToolName, valuesByRun } from './results.ts';
import { pairedRatio } from './statistics.ts';

const mebi = 1 << 20;

/** A Markdown table with its columns padded, the first left and the others right aligned. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (column === 0 ? (cells[column] ?? '').padEnd(width) : (cells[column] ?? '').padStart(width))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}

/** All figures of one corpus: a row per phase and tool, medians, with the range of the wall times. */
export function corpusReport(results: readonly Result[], corpus: CorpusName): string {
  const rows = PHASES.flatMap((phase) =>
    TOOLS.flatMap((tool) => {
      const row = figuresRow(results, { corpus, phase, tool });
      return row === undefined ? [] : [row];
    }),
  );
  const header = ['phase', 'tool', 'wall s', 'from - to', 'CPU s', 'peak MiB', 'repository MiB'];
  return `## ${corpus}: ${CORPORA[corpus]}\n\n${markdownTable(header, rows)}`;
}

/** How many times longer the peers took than Holdfast, per phase, or undefined where there is nothing to compare. */
export function ratioReport(results: readonly Result[], corpus: CorpusName): string | undefined {
  const rows = PHASES.flatMap((phase) => {
    const ours = valuesByRun(results, { corpus, phase, tool: 'holdfast' }, 'wallMs');
    const ratios = (['restic', 'borg'] as const).map((tool) =>
      pairedRatio(valuesByRun(results, { corpus, phase, tool }, 'wallMs'), ours),
    );
    return ratios.every((ratio) => ratio === undefined) ? [] : [[phase, ...ratios.map((ratio) => fixed(ratio))]];
  });
  return rows.length === 0 ? undefined : markdownTable(['wall time', 'restic / holdfast', 'borg / holdfast'], rows);
}

/** The bars, one a line. */
export function barReport(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ bar, required, measured, reached, missedBy }) => [
    bar,
    required,
    measured ?? '-',
    reached === undefined ? 'not measured' : reached ? 'reached' : `missed by ${missedBy}`,
  ]);
  const judged = verdicts.filter((verdict) => verdict.reached !== undefined);
  const reached = judged.filter((verdict) => verdict.reached).length;
  const table = markdownTable(['bar', 'required', 'measured', 'verdict'], rows);
  return `## Bars: ${reached} of ${judged.length} measured ones reached\n\n${table}`;
}

/** Commands that failed and restores that gave something else, with what they said. */
export function failureReport(failures: readonly Failure[]): string {
  const lines = failures.map(
    ({ corpus, run, tool, phase, reason }) => `- ${tool}, ${corpus} ${phase}, run ${run}: ${reason}`,
  );
  return `## Failed\n\n${lines.join('\n')}`;
}

function figuresRow(
  results: readonly Result[],
  where: { corpus: CorpusName; phase: Result['phase']; tool: ToolName },
): string[] | undefined {
  const walls = [...valuesByRun(results, where, 'wallMs').values()];
  if (walls.length === 0) return undefined;
  const range = `${seconds(Math.min(...walls))} - ${seconds(Math.max(...walls))}`;
  const cpu = medianOf(results, where, 'cpuMs') as number;
  const peak = medianOf(results, where, 'peakBytes') as number;
  const repository = medianOf(results, where, 'repositoryBytes') as number;
  const wall = medianOf(results, where, 'wallMs') as number;
  return [where.phase, where.tool, seconds(wall), range, seconds(cpu), mebibytes(peak), mebibytes(repository)];
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}

function mebibytes(bytes: number): string {
  return (bytes / mebi).toFixed(bytes < 10 * mebi ? 1 : 0);
}

function fixed(ratio: number | undefined): string {
  return ratio === undefined ? '-' : ratio.toFixed(2);
}
