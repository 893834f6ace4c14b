import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compareFacts, readTree, type TreeFacts } from '../helpers/compare-trees.ts';
import { program } from '../helpers/holdfast-process.ts';
import type { SeededRandom } from '../helpers/seeded-random.ts';
import { Killer, type KillPoint } from './kill-point.ts';
import type { GroupOutcome } from './process-group.ts';
import { changeTree, makeTree, type TreeShape } from './random-tree.ts';
import { describe, SoakRepository } from './soak-repository.ts';

export interface KillsRequest {
  random: SeededRandom;
  kills: number;
  shape: TreeShape;
  /** Told about each round. */
  report?: (line: string) => void;
}

export interface KillsResult {
  /** Runs that a signal ended. */
  killed: number;
  /** Of them, those killed at a system call, at the beginning of a phase, and in their last 50 ms. */
  byCall: number;
  byPhase: number;
  inLastMoments: number;
  /** Runs that had ended before their kill point came. */
  tooLate: number;
  /** Of the killed, those that had said that they were done. */
  reportedFirst: number;
  /** Median of a run that is left alone. */
  durationMs: number;
  harm: string[];
  leftovers: string[];
  /** What the scenario counts of its own. */
  counts: Record<string, number>;
}

const FOLLOWERS = ['list', 'backup', 'verify', 'restore', 'prune'] as const;
/** More only make the runs longer. */
const MOST_SNAPSHOTS = 6;

/** What the three scenarios have in common: kill, look at what the next command makes of it, check the snapshots. */
class Rounds {
  readonly request: KillsRequest;
  readonly repository = new SoakRepository();
  readonly source: string;
  readonly killer: Killer;
  readonly result: KillsResult = {
    killed: 0,
    byCall: 0,
    byPhase: 0,
    inLastMoments: 0,
    tooLate: 0,
    reportedFirst: 0,
    durationMs: 0,
    harm: [],
    leftovers: [],
    counts: {},
  };

  constructor(request: KillsRequest) {
    this.request = request;
    const { root, env } = this.repository;
    this.source = join(root, 'source');
    this.killer = new Killer(request.random, env, join(root, 'trace'));
    makeTree(this.source, request.random, request.shape);
  }

  async init(): Promise<void> {
    await this.repository.init();
  }

  change(): void {
    changeTree(this.source, this.request.random, this.request.shape, Math.ceil(this.request.shape.files / 10));
  }

  count(what: string): void {
    this.result.counts[what] = (this.result.counts[what] ?? 0) + 1;
  }

  harmed(what: string, lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.result.harm.push(`${what}: ${lines.slice(0, 5).join('; ')}`);
    this.request.report?.(`HARM: ${this.result.harm.at(-1)}`);
  }

  async kill(argv: readonly string[], key?: string): Promise<{ outcome: GroupOutcome; point: KillPoint }> {
    const point = this.killer.choose(key);
    const outcome = await this.killer.run(argv, point, key);
    if (wasKilled(outcome)) {
      this.result.killed++;
      if (point.kind === 'call') this.result.byCall++;
      if (point.kind === 'phase') this.result.byPhase++;
      if (point.kind === 'last') this.result.inLastMoments++;
    } else {
      this.result.tooLate++;
      if (outcome.status !== 0) this.harmed('a run that was not killed', [describe(outcome)]);
    }
    return { outcome, point };
  }

  /** Any command must simply work after a kill. */
  async follow(commands: readonly (typeof FOLLOWERS)[number][] = FOLLOWERS): Promise<string> {
    const command = commands[this.request.random.below(commands.length)] as string;
    try {
      if (command === 'backup') await this.repository.backup(this.source);
      else if (command === 'restore') await this.checkOne('process');
      else await this.repository.run(command, ...(command === 'prune' ? ['--grace', '0s'] : []));
    } catch (error) {
      this.harmed(`the next command after a kill (${command})`, [String(error)]);
    }
    return command;
  }

  async checkOne(by: 'process' | 'engine'): Promise<void> {
    const ids = [...this.repository.reported.keys()];
    const id = ids[this.request.random.below(ids.length)];
    if (id !== undefined) this.harmed('a random snapshot', await this.repository.differences(id, by));
  }

  async checkCatalog(): Promise<void> {
    this.harmed('the catalog', await this.repository.missing());
  }

  /** Forgets the oldest, whatever it takes, so that the repository does not grow for ever. */
  async thin(spared: readonly string[] = []): Promise<void> {
    const { reported } = this.repository;
    const ids = [...reported.keys()].filter((id) => !spared.includes(id));
    const going = ids.slice(0, Math.max(0, ids.length - MOST_SNAPSHOTS));
    if (going.length === 0) return;
    const engine = await this.repository.engine();
    for (const id of going) {
      // The last one of a source stays.
      const gone = await engine.forget({ snapshots: [id] }).then(
        () => true,
        () => false,
      );
      if (gone) reported.delete(id);
    }
  }

  async finish(): Promise<KillsResult> {
    try {
      this.harmed('at the end', await this.repository.harm());
      const { snapshots, damaged } = await this.repository.run('verify', '--deep');
      if (damaged.length > 0) this.harmed('verify --deep', [JSON.stringify(damaged)]);
      this.result.counts.snapshotsAtTheEnd = snapshots;
      await this.repository.closeEngine();
      await this.repository.run('prune', '--grace', '0s');
      this.result.leftovers = this.repository.leftovers();
      this.result.durationMs = Math.round(this.killer.durationMs());
      return this.result;
    } finally {
      await this.repository.remove();
    }
  }

  tell(round: number, point: KillPoint, outcome: GroupOutcome, more: string): void {
    const where =
      point.kind === 'call' ? `${point.call} ${point.number}` : `${point.kind} ${Math.round(point.afterMs)} ms`;
    const what = wasKilled(outcome) ? 'killed' : 'ended';
    this.request.report?.(`${round}: ${what} at ${where} after ${Math.round(outcome.durationMs)} ms; ${more}`);
  }
}

/** Kills backups of a tree that changes all the time. */
export async function killBackups(request: KillsRequest): Promise<KillsResult> {
  const rounds = new Rounds(request);
  const { repository, source, result } = rounds;
  try {
    await rounds.init();
    const argv = repository.argv('backup', source);
    repository.noteReport(await rounds.killer.time(argv), readTree(source));
    rounds.change();
    repository.noteReport(await rounds.killer.measure(argv), readTree(source));
    rounds.change();
    repository.noteReport(await rounds.killer.time(argv), readTree(source));
    for (let round = 1; result.killed < request.kills; round++) {
      rounds.change();
      const facts = readTree(source);
      const { outcome, point } = await rounds.kill(argv);
      const reported = repository.noteReport(outcome, facts) !== undefined;
      if (reported && wasKilled(outcome)) result.reportedFirst++;
      const next = await rounds.follow();
      await rounds.checkCatalog();
      if (next !== 'restore') await rounds.checkOne('engine');
      await rounds.thin();
      rounds.tell(round, point, outcome, next);
    }
  } catch (error) {
    rounds.harmed('the scenario', [String(error)]);
  }
  return rounds.finish();
}

/** Kills `forget` followed by `prune --grace 0s`, where what is forgotten has packs of its own and packs that it shares. */
export async function killPrunes(request: KillsRequest): Promise<KillsResult> {
  const rounds = new Rounds(request);
  const { repository, source, result } = rounds;
  const both = (going: readonly string[]) => {
    const script = `"$0" --json forget ${going.join(' ')} --yes && "$0" --json prune --grace 0s --yes`;
    return ['/bin/sh', '-c', script, program];
  };
  const addTwo = async () => {
    const made: string[] = [];
    for (let number = 0; number < 2; number++) {
      rounds.change();
      made.push(await repository.backup(source, 'engine'));
    }
    return made;
  };
  const packs = () => readdirSync(join(repository.location, 'packs'), { recursive: true }).length;
  try {
    await rounds.init();
    await repository.backup(source, 'engine');
    for (const how of ['time', 'measure', 'time'] as const) {
      const going = await addTwo();
      await repository.backup(source, 'engine');
      const outcome = await rounds.killer[how](both(going));
      if (outcome.status !== 0) throw new Error(describe(outcome));
      for (const id of going) repository.reported.delete(id);
    }
    for (let round = 1; result.killed < request.kills; round++) {
      const fresh = await addTwo();
      const ids = [...repository.reported.keys()];
      // Now and then the oldest goes too, so that packs that were shared for long lose their use.
      const going = ids.length > MOST_SNAPSHOTS ? [ids[0] as string, fresh[0] as string] : [fresh[0] as string];
      const facts = new Map(going.map((id) => [id, repository.reported.get(id) as TreeFacts]));
      const before = packs();
      const { outcome, point } = await rounds.kill(both(going));
      if (packs() < before) rounds.count('killed after packs were deleted');
      const listed = new Map((await (await repository.engine()).list()).map(({ id, status }) => [id, status]));
      for (const id of going) if (!listed.has(id)) repository.reported.delete(id);
      if (going.some((id) => !listed.has(id))) rounds.count('killed after something was forgotten');
      for (const id of going) {
        if (listed.has(id) && facts.has(id))
          rounds.harmed('asked to be forgotten, but listed', await repository.differences(id));
      }
      const next = await rounds.follow();
      await rounds.checkCatalog();
      if (next !== 'restore') await rounds.checkOne('engine');
      rounds.tell(round, point, outcome, next);
    }
  } catch (error) {
    rounds.harmed('the scenario', [String(error)]);
  }
  return rounds.finish();
}

const KEPT_INSIDE = '.holdfast-before-restore-';
const SAFETIES = ['none', 'none', 'none', 'backup', 'keep-old'] as const;

/**
 * Kills restores onto an existing different folder with --delete: few changes, so that single entries are swapped; many, so that the whole
 * folder is; and, where this user may mount, onto a mount point, where the journal has to lie inside the target.
 */
export async function killRestores(request: KillsRequest): Promise<KillsResult> {
  const rounds = new Rounds(request);
  const { repository, source, result } = rounds;
  const holder = join(repository.root, 'holder');
  const mounted = join(repository.root, 'mounted');
  const states: { id: string; facts: TreeFacts }[] = [];
  const keep = async () => states.push({ id: await repository.backup(source, 'engine'), facts: readTree(source) });
  const mount = tryMount(mounted);
  const targets = [join(holder, 'target'), ...(mount ? [mounted] : [])];
  const argv = (id: string, target: string, safety: string) =>
    repository.argv('restore', id, '--to', target, '--delete', '--apply', '--yes', '--safety', safety);
  const restoreAll = async (number: number) => {
    const engine = await repository.engine();
    const request = { snapshot: states[number]?.id ?? '', apply: true, delete: true, safety: 'none' } as const;
    for (const target of targets) await engine.restore({ ...request, to: target });
  };
  try {
    mkdirSync(holder);
    await rounds.init();
    await keep();
    changeTree(source, request.random, { ...request.shape, large: 0 }, Math.ceil(request.shape.files / 50));
    await keep();
    changeTree(source, request.random, request.shape, request.shape.files);
    await keep();
    for (const target of targets) cpSync(source, target, { recursive: true, preserveTimestamps: true });
    await restoreAll(0);
    for (const [how, number] of [
      ['time', 2],
      ['measure', 0],
      ['time', 1],
      ['time', 2],
    ] as const) {
      for (const target of targets.slice(0, how === 'measure' ? 1 : 2)) {
        const outcome = await rounds.killer[how](argv(states[number]?.id ?? '', target, 'none'));
        if (outcome.status !== 0) throw new Error(describe(outcome));
      }
    }
    await restoreAll(2);
    const holds = new Map(targets.map((target) => [target, readTree(target)]));
    for (let round = 1; result.killed < request.kills; round++) {
      const target = targets[request.random.below(4) === 0 ? targets.length - 1 : 0] as string;
      const old = holds.get(target) as TreeFacts;
      const wanted = states.filter(({ facts }) => compareFacts(facts, old).length > 0);
      const { id, facts } = wanted[request.random.below(wanted.length)] as { id: string; facts: TreeFacts };
      const safety = SAFETIES[request.random.below(SAFETIES.length)] as string;
      const { outcome, point } = await rounds.kill(argv(id, target, safety), `${target} ${safety}`);
      if (repository.noteReport(outcome, old, 'safetySnapshot') !== undefined)
        rounds.count('safety snapshots reported');
      const next = await rounds.follow(['list', 'verify', 'restore', 'prune', 'backup']);
      rounds.harmed('journal folders', namesWith('.holdfast-restore-', [repository.root, holder, target]));
      const now = readTree(target, (path) => path.startsWith(KEPT_INSIDE));
      const [fromOld, fromNew] = [compareFacts(old, now), compareFacts(facts, now)];
      const state = fromNew.length === 0 ? 'new' : fromOld.length === 0 ? 'old' : 'torn';
      rounds.count(`target ${state}`);
      if (outcome.status === 0 && state !== 'new') rounds.harmed('a restore that was reported', fromNew);
      if (state === 'torn') {
        rounds.harmed(`round ${round}: the target is neither old nor new`, [
          ...fromOld.slice(0, 2),
          'and',
          ...fromNew.slice(0, 2),
        ]);
      }
      for (const path of namesWith('target.before-restore-', [holder])) rmSync(path, { recursive: true });
      for (const path of namesWith(KEPT_INSIDE, [target])) rmSync(path, { recursive: true });
      holds.set(target, readTree(target));
      await rounds.checkCatalog();
      await rounds.thin(states.map((known) => known.id));
      rounds.tell(round, point, outcome, `${safety}, ${next}: ${state}`);
    }
  } catch (error) {
    rounds.harmed('the scenario', [String(error)]);
  } finally {
    if (mount) spawnSync('umount', [mounted]);
  }
  return rounds.finish();
}

/** A shell answers with 128 + 9 for a command of it that was killed. */
function wasKilled({ status, signal }: GroupOutcome): boolean {
  return signal === 'SIGKILL' || status === 137;
}

function namesWith(prefix: string, folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.startsWith(prefix))
      .map((name) => join(folder, name)),
  );
}

/** A file system of its own, where this user may mount one. */
function tryMount(folder: string): boolean {
  mkdirSync(folder);
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256m', 'holdfast-soak', folder]).status === 0;
}
