import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { judge } from './bars.ts';
import { type Outcome, runContest } from './contest.ts';
import { prepareCorpus } from './corpora.ts';
import { provideTools, versionOf } from './install.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { barReport, corpusReport, failureReport, ratioReport } from './report.ts';
import type { ToolName } from './results.ts';
import { takeWorkFolder, type WorkFolder } from './work-folder.ts';

const say = (line: string) => console.error(line);

/** Measures everything that the arguments ask for; the exit status tells failed commands, never missed bars. */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), join(tmpdir(), 'holdfast-bench'));
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const tools = provideTools(options.tools, say);
  const work = takeWorkFolder(resolve(options.work));
  process.once('SIGINT', () => {
    work.leave(options.keep);
    process.exit(130);
  });
  try {
    const outcome = await measureAll(options, tools, work);
    console.log(report(options, tools, outcome));
    if (options.json !== undefined) writeFileSync(options.json, document(options, tools, outcome));
    return outcome.failures.length > 0 ? 1 : 0;
  } finally {
    work.leave(options.keep);
    if (options.keep) say(`Repositories and restored trees: ${work.runs}`);
  }
}

async function measureAll(options: BenchOptions, tools: readonly ToolName[], work: WorkFolder): Promise<Outcome> {
  const { phases, runs, scale } = options;
  const all: Outcome = { results: [], failures: [] };
  for (const name of options.corpora) {
    say(`Preparing ${name} at scale ${scale} ...`);
    const corpus = await prepareCorpus(work.corpora, name, scale);
    const outcome = await runContest({ corpus, tools, phases, runs, folder: join(work.runs, name), say });
    all.results.push(...outcome.results.filter((result) => phases.includes(result.phase)));
    all.failures.push(...outcome.failures);
  }
  return all;
}

function report(options: BenchOptions, tools: readonly ToolName[], { results, failures }: Outcome): string {
  const parts: (string | undefined)[] = [
    `# Bench: scale ${options.scale}, ${options.runs} runs, medians, warm cache; ${machine()}`,
    tools.map((name) => `- ${name}: ${versionOf(name)}`).join('\n'),
    ...options.corpora.flatMap((corpus) => [corpusReport(results, corpus), ratioReport(results, corpus)]),
    tools.includes('holdfast') ? barReport(judge(results, options.corpora)) : undefined,
    failures.length > 0 ? failureReport(failures) : undefined,
  ];
  return parts.filter((part) => part !== undefined).join('\n\n');
}

function document(options: BenchOptions, tools: readonly ToolName[], outcome: Outcome): string {
  const versions = Object.fromEntries(tools.map((name) => [name, versionOf(name)]));
  const verdicts = judge(outcome.results, options.corpora);
  const { scale, runs } = options;
  return `${JSON.stringify({ scale, runs, machine: machine(), versions, ...outcome, verdicts }, undefined, 2)}\n`;
}

function machine(): string {
  return `${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown processor'}`;
}

try {
  process.exitCode = await main();
} catch (error) {
  say(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
