import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { prepareCorpus } from '../corpora.ts';
import { takeWorkFolder, type WorkFolder } from '../work-folder.ts';
import { goAhead } from './bot-process.ts';
import { figuresTable, judgeChat, verdictTable } from './chat-report.ts';
import { Crowd } from './crowd.ts';
import { discordPeople } from './discord-people.ts';
import { prepareSnapshots } from './many-snapshots.ts';
import { type ChatBenchOptions, readChatOptions, USAGE } from './options.ts';
import { runRound } from './round.ts';
import type { Sample } from './sample.ts';
import { slackPeople } from './slack-people.ts';
import { openStage } from './stage.ts';

const say = (line: string) => console.error(line);

interface Outcome {
  samples: Sample[];
  isAhead: boolean;
  /** How late the bench's own loop was at worst while it measured. */
  lateMs: number;
}

/** Measures how fast the bot answers; the exit status tells failures, never missed bars. */
async function main(): Promise<void> {
  const options = readChatOptions(process.argv.slice(2), join(tmpdir(), 'holdfast-bench'));
  if (options.help) {
    console.log(USAGE);
    return;
  }
  const work = takeWorkFolder(resolve(options.work));
  process.once('SIGINT', () => {
    work.leave(false);
    process.exit(130);
  });
  try {
    const outcome = await measureAll(options, work);
    console.log(report(options, outcome));
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(outcome, undefined, 1)}\n`);
  } finally {
    work.leave(false);
  }
}

async function measureAll(options: ChatBenchOptions, work: WorkFolder): Promise<Outcome> {
  const { snapshots, scale, rounds } = options;
  say(`Preparing the source at scale ${scale} ...`);
  const { tree: large } = await prepareCorpus(work.corpora, 'large', scale);
  const { repository, source: small } = await prepareSnapshots(work.corpora, snapshots, say);
  const isAhead = goAhead();
  const outcome: Outcome = { samples: [], isAhead, lateMs: 0 };
  for (let round = 1; round <= rounds; round++) {
    say(`Round ${round} of ${rounds} ...`);
    const folder = join(work.runs, `round-${round}`);
    const stage = await openStage({ folder, repository, sources: { small, large }, isAhead });
    const crowd = new Crowd({ discord: discordPeople(stage.discord), slack: await slackPeople(stage.slack) }, round);
    const lateness = monitorEventLoopDelay({ resolution: 5 });
    lateness.enable();
    try {
      await runRound(stage, crowd, options);
    } finally {
      lateness.disable();
      crowd.leave();
      await stage.stop();
      outcome.samples.push(...crowd.samples);
      outcome.lateMs = Math.max(outcome.lateMs, lateness.max / 1e6);
    }
  }
  return outcome;
}

function report({ snapshots, scale, rounds }: ChatBenchOptions, { samples, isAhead, lateMs }: Outcome): string {
  const machine = `${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown processor'}`;
  return [
    `# Chat bench: ${snapshots} snapshots, scale ${scale}, ${rounds} rounds; ${machine}`,
    figuresTable(samples),
    `The measuring side was late by at most ${lateMs.toFixed(0)} ms${isAhead ? '' : ', and had no right to go ahead'}.`,
    `## Bars\n\n${verdictTable(judgeChat(samples))}`,
  ].join('\n\n');
}

try {
  await main();
} catch (error) {
  say(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
