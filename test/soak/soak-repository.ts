import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, openRepository } from '../../src/backup/index.ts';
import { compareFacts, readTree, type TreeFacts } from '../helpers/compare-trees.ts';
import { program } from '../helpers/holdfast-process.ts';
import { quickFolder } from '../helpers/quick-folder.ts';
import { createQuickRepository } from '../helpers/quick-repository.ts';
import { type GroupOutcome, ProcessGroup } from './process-group.ts';
import { inFull } from './scale.ts';

const PASSPHRASE = 'x';

/** One repository that is worked on by real processes, with the trees that its reported snapshots must give back. */
export class SoakRepository {
  /** On a disk in full only: what a kill leaves behind is the same in memory, and does not wait for what other tests sync. */
  readonly root = mkdtempSync(join(inFull ? tmpdir() : quickFolder(), 'holdfast-soak-'));
  readonly location: string;
  readonly env: NodeJS.ProcessEnv;
  /** Reported as done, and not forgotten since. */
  readonly reported = new Map<string, TreeFacts>();
  #restores = 0;
  #engine: Engine | undefined;

  /** `location` lies in a folder of its own unless given. */
  constructor(location?: string) {
    this.location = location ?? join(this.root, 'repository');
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_'));
    this.env = {
      ...Object.fromEntries(inherited),
      NO_COLOR: '1',
      HOLDFAST_REPO: this.location,
      HOLDFAST_PASSWORD: PASSPHRASE,
      HOLDFAST_STATE_DIR: join(this.root, 'state'),
    };
    // For the engine that this process opens itself.
    process.env.HOLDFAST_STATE_DIR = this.env.HOLDFAST_STATE_DIR;
  }

  argv(...words: string[]): string[] {
    return [program, '--json', ...words];
  }

  start(...words: string[]): ProcessGroup {
    return new ProcessGroup(this.argv(...words), this.env);
  }

  /** In the usual tests with keys that open fast: every process opens them. */
  async init(): Promise<void> {
    if (inFull) await this.run('init');
    else await createQuickRepository(this.location, PASSPHRASE);
  }

  /** Runs a command, which must succeed; gives its JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: each command answers with members of its own, which the caller knows
  async run(...words: string[]): Promise<any> {
    const outcome = await this.start(...words).finished;
    if (outcome.status !== 0) throw new Error(`holdfast ${words.join(' ')}: ${describe(outcome)}`);
    return JSON.parse(outcome.output);
  }

  /** Backs a tree up, by a new process, or faster, by an engine in this one; gives the snapshot's ID. */
  async backup(tree: string, by: 'process' | 'engine' = 'process'): Promise<string> {
    const facts = readTree(tree);
    const { snapshot } =
      by === 'process' ? await this.run('backup', tree) : await (await this.engine()).backup({ paths: [tree] });
    this.reported.set(snapshot, facts);
    return snapshot;
  }

  /** Takes what a backup said for its word, even where it was killed right after saying it. Gives the snapshot's ID, if any. */
  noteReport(
    { output }: GroupOutcome,
    facts: TreeFacts,
    member: 'snapshot' | 'safetySnapshot' = 'snapshot',
  ): string | undefined {
    const id = reportedIn(output, member);
    if (id !== undefined) this.reported.set(id, facts);
    return id;
  }

  /** How what a snapshot gives differs from what went in; by a new process, or faster, by an engine in this one. */
  async differences(id: string, by: 'process' | 'engine' = 'engine'): Promise<string[]> {
    const target = join(this.root, `restored-${this.#restores++}`);
    try {
      if (by === 'process') await this.run('restore', id, '--to', target, '--apply');
      else await (await this.engine()).restore({ snapshot: id, to: target, apply: true });
      return compareFacts(this.reported.get(id) as TreeFacts, readTree(target)).map(
        (line) => `${id.slice(0, 8)}: ${line}`,
      );
    } finally {
      rmSync(target, { recursive: true, force: true });
    }
  }

  /** Reported snapshots that are not listed as done, and all differences of those that are. */
  async harm(): Promise<string[]> {
    const harm: string[] = [];
    for (const id of this.reported.keys()) harm.push(...(await this.differences(id)));
    return [...(await this.missing()), ...harm];
  }

  async missing(): Promise<string[]> {
    const listed = await (await this.engine()).list();
    const done = new Set(listed.flatMap(({ id, status }) => (status === 'completed' ? [id] : [])));
    return [...this.reported.keys()]
      .filter((id) => !done.has(id))
      .map((id) => `${id.slice(0, 8)} is not listed as done`);
  }

  /** What has piled up where nothing should once everything has ended and been pruned. */
  leftovers(): string[] {
    const below = (folder: string) => {
      const path = join(this.location, folder);
      return existsSync(path) ? readdirSync(path).map((name) => `${folder}/${name}`) : [];
    };
    return [...below('tmp').filter((name) => name !== 'tmp/reserve'), ...below('sessions'), ...below('gc')];
  }

  async engine(): Promise<Engine> {
    this.#engine ??= await openRepository({ location: this.location, passphrase: () => PASSPHRASE });
    return this.#engine;
  }

  async closeEngine(): Promise<void> {
    await this.#engine?.close();
    this.#engine = undefined;
  }

  async remove(): Promise<void> {
    await this.closeEngine();
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function describe({ status, signal, output, messages }: GroupOutcome): string {
  return `status ${status}, signal ${signal}\n${output.slice(-1000)}\n${messages.slice(-2000)}`;
}

function reportedIn(output: string, member: string): string | undefined {
  try {
    return JSON.parse(output)[member] ?? undefined;
  } catch {
    return undefined;
  }
}
