import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { type Contestant, enter } from './contestant.ts';
import type { Corpus } from './corpora.ts';
import { type Command, measure } from './measure.ts';
import type { Failure, Phase, Result, ToolName } from './results.ts';
import { rotated } from './statistics.ts';
import { firstDifference, treeBytes, treeDigest } from './tree.ts';

/** What to measure on one corpus. `folder` is fresh, and is left to the caller to delete when all is done. */
export interface Contest {
  readonly corpus: Corpus;
  readonly tools: readonly ToolName[];
  readonly phases: readonly Phase[];
  readonly runs: number;
  readonly folder: string;
  readonly say: (line: string) => void;
}

/** Measurements and failures of a contest. */
export interface Outcome {
  readonly results: Result[];
  readonly failures: Failure[];
}

/**
 * Runs the tools in turn, phase by phase (A full, B full, C full, A unchanged, ...), each run in fresh folders and
 * beginning with another tool. The corpus is read before every backup, so the page cache is warm for all.
 */
export async function runContest(contest: Contest): Promise<Outcome> {
  requireSpace(contest);
  const outcome: Outcome = { results: [], failures: [] };
  for (let run = 1; run <= contest.runs; run++) await new Round(contest, run, outcome).play();
  return outcome;
}

/** One run of all tools through all phases. */
class Round {
  readonly #contest: Contest;
  readonly #run: number;
  readonly #outcome: Outcome;
  readonly #contestants: readonly Contestant[];
  /** Tools that failed in this run: what comes after a failure would measure nothing. */
  readonly #out = new Set<ToolName>();

  constructor(contest: Contest, run: number, outcome: Outcome) {
    this.#contest = contest;
    this.#run = run;
    this.#outcome = outcome;
    const order = rotated(contest.tools, run - 1);
    this.#contestants = order.map((name) => enter(name, join(contest.folder, String(run), name)));
  }

  async play(): Promise<void> {
    const { corpus, phases } = this.#contest;
    await corpus.revert();
    let expected = treeDigest(corpus.tree);
    await this.#each('init', async ({ tool, places, environment, log }) => {
      await measure(tool.init(places), environment, log);
    });
    await this.#backUp('full');
    if (phases.includes('unchanged')) await this.#backUp('unchanged');
    if (phases.includes('changed')) {
      await corpus.change();
      expected = treeDigest(corpus.tree);
      await this.#backUp('changed');
    }
    if (phases.includes('check')) await this.#check();
    if (phases.includes('restore')) await this.#restore(expected);
    await corpus.revert();
  }

  async #backUp(phase: 'full' | 'unchanged' | 'changed'): Promise<void> {
    await this.#each(phase, async (one) => {
      // Before each and not once: borg drops what it has read from the page cache, and the next would pay for it.
      treeDigest(this.#contest.corpus.tree);
      const command = one.tool.backup(one.places, this.#contest.corpus.tree, phase);
      this.#record(await this.#timed(one, phase, command));
      one.latest = phase;
    });
  }

  async #check(): Promise<void> {
    await this.#each('check', async (one) => {
      this.#record(await this.#timed(one, 'check', one.tool.check(one.places)));
    });
  }

  async #restore(expected: string): Promise<void> {
    await this.#each('restore', async (one) => {
      const result = await this.#timed(one, 'restore', one.tool.restore(one.places, one.latest));
      requireSame(this.#contest.corpus.tree, expected, one.places.restored);
      this.#record(result);
    });
  }

  async #each(phase: Failure['phase'], step: (one: Contestant) => Promise<void>): Promise<void> {
    for (const one of this.#contestants.filter(({ tool }) => !this.#out.has(tool.name))) {
      try {
        await step(one);
      } catch (error) {
        this.#fail(one.tool.name, phase, (error as Error).message);
      }
    }
  }

  async #timed(one: Contestant, phase: Phase, command: Command): Promise<Result> {
    const measurement = await measure(command, one.environment, one.log);
    const repositoryBytes = treeBytes(one.places.repository);
    const { corpus } = this.#contest;
    return { corpus: corpus.name, run: this.#run, tool: one.tool.name, phase, ...measurement, repositoryBytes };
  }

  #record(result: Result): void {
    this.#outcome.results.push(result);
    this.#say(result.phase, `${result.tool} ${(result.wallMs / 1000).toFixed(2)} s`);
  }

  #fail(tool: ToolName, phase: Failure['phase'], reason: string): void {
    this.#out.add(tool);
    this.#outcome.failures.push({ corpus: this.#contest.corpus.name, run: this.#run, tool, phase, reason });
    this.#say(phase, `${tool} FAILED: ${reason}`);
  }

  #say(phase: Failure['phase'], text: string): void {
    this.#contest.say(`${this.#contest.corpus.name} ${phase}, run ${this.#run}: ${text}`);
  }
}

/** A restore that is fast and wrong is no result. */
function requireSame(tree: string, expected: string, restored: string): void {
  if (treeDigest(restored) === expected) return;
  throw new Error(`the restored tree differs from the source: ${firstDifference(tree, restored)}`);
}

/** Every run keeps a repository and a restored tree per tool until the end, because deleting slows what follows. */
function requireSpace({ corpus, tools, runs, folder }: Contest): void {
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = statfsSync(folder);
  const onDisk = corpus.totals.bytes + corpus.totals.files * 4096;
  const needed = 2.2 * onDisk * tools.length * runs;
  if (bavail * bsize >= needed) return;
  const giga = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new Error(
    `${folder} has ${giga(bavail * bsize)} free and ${corpus.name} needs about ${giga(needed)}: use fewer --runs or --tools, a smaller --scale, or another --work.`,
  );
}
