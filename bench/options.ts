import { parseArgs } from 'node:util';
import { CORPORA, type CorpusName } from './corpora.ts';
import { PHASES, type Phase, TOOLS, type ToolName } from './results.ts';

export interface BenchOptions {
  readonly corpora: readonly CorpusName[];
  readonly scale: number;
  readonly tools: readonly ToolName[];
  readonly phases: readonly Phase[];
  readonly runs: number;
  readonly work: string;
  readonly json: string | undefined;
  readonly keep: boolean;
  readonly help: boolean;
}

export const USAGE = `Usage: npm run bench -- [options]
  --corpus LIST   small, large, mixed, million       (default small,large,mixed)
  --scale N       share of each corpus, 0.1 for a quick look (default 1)
  --tools LIST    holdfast, restic, borg              (default all)
  --phases LIST   full, unchanged, changed, check, restore (default all; full always runs)
  --runs N        measured runs of every command      (default 3)
  --work DIR      corpora (kept between runs) and repositories (default a folder of the system's temporary one)
  --json FILE     every single measurement as JSON
  --keep          keep repositories and restored trees`;

const allCorpora = Object.keys(CORPORA) as CorpusName[];

/** Reads the arguments. Throws an Error that names the option and what it takes. */
export function readOptions(args: readonly string[], defaultWork: string): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      corpus: { type: 'string', default: 'small,large,mixed' },
      scale: { type: 'string', default: '1' },
      tools: { type: 'string', default: TOOLS.join(',') },
      phases: { type: 'string', default: PHASES.join(',') },
      runs: { type: 'string', default: '3' },
      work: { type: 'string', default: defaultWork },
      json: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    corpora: listOf('--corpus', values.corpus, allCorpora),
    scale: numberOf('--scale', values.scale, (scale) => scale > 0 && scale <= 1, 'a number above 0, at most 1'),
    tools: listOf('--tools', values.tools, TOOLS),
    phases: listOf('--phases', values.phases, PHASES),
    runs: numberOf('--runs', values.runs, (runs) => Number.isInteger(runs) && runs > 0, 'a whole number above 0'),
    work: values.work,
    json: values.json,
    keep: values.keep,
    help: values.help,
  };
}

function listOf<T extends string>(option: string, text: string, known: readonly T[]): T[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !known.includes(name as T));
  if (unknown !== undefined) throw new Error(`${option}: "${unknown}" is unknown; it takes ${known.join(', ')}`);
  return known.filter((name) => names.includes(name));
}

function numberOf(option: string, text: string, fits: (value: number) => boolean, takes: string): number {
  const value = Number(text);
  if (!fits(value)) throw new Error(`${option}: "${text}" does not fit; it takes ${takes}`);
  return value;
}
