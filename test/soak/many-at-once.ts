import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compareFacts, readTree, type TreeFacts } from '../helpers/compare-trees.ts';
import { SeededRandom } from '../helpers/seeded-random.ts';
import type { GroupOutcome, ProcessGroup } from './process-group.ts';
import { content } from './random-tree.ts';
import { describe, SoakRepository } from './soak-repository.ts';

export interface ManyRequest {
  seed: number;
  writers: number;
  pruners: number;
  lastsMs: number;
  report?: (line: string) => void;
}

export interface ManyResult {
  backups: number;
  forgotten: number;
  prunes: number;
  /** Verifications, and restores of snapshots that nobody forgets meanwhile. */
  reads: number;
  deletedPacks: number;
  killed: number;
  stopped: number;
  /** Refused because another one was at work: exit status 11. */
  locked: number;
  snapshotsAtTheEnd: number;
  harm: string[];
  leftovers: string[];
}

/** Contents that all writers choose from: what one of them forgets, another one stores again. */
const POOL = 40;
const IN_A_TREE = 12;
const CONTENT_BYTES = 150_000;
const MOST_SNAPSHOTS = 1;
const LOCKED = 11;

/**
 * Writers and pruners, each a process after the other, on one repository, while some of them are killed and some stopped for a while. What
 * each does is fixed by the seed; how they interleave is not.
 */
export async function workAtOnce(request: ManyRequest): Promise<ManyResult> {
  const many = new Many(request);
  try {
    return await many.run();
  } finally {
    await many.remove();
  }
}

class Many {
  readonly #request: ManyRequest;
  readonly #repository = new SoakRepository();
  readonly #pool: Buffer[];
  readonly #running = new Set<ProcessGroup>();
  #endMs = 0;
  readonly #result: ManyResult = {
    backups: 0,
    forgotten: 0,
    prunes: 0,
    reads: 0,
    deletedPacks: 0,
    killed: 0,
    stopped: 0,
    locked: 0,
    snapshotsAtTheEnd: 0,
    harm: [],
    leftovers: [],
  };

  constructor(request: ManyRequest) {
    this.#request = request;
    const random = new SeededRandom(request.seed);
    this.#pool = Array.from({ length: POOL }, () => content(random, CONTENT_BYTES + random.below(CONTENT_BYTES)));
  }

  async run(): Promise<ManyResult> {
    const { writers, pruners, seed, lastsMs } = this.#request;
    const repository = this.#repository;
    await repository.init();
    this.#endMs = performance.now() + lastsMs;
    const lane = (number: number) => new SeededRandom(seed + 1 + number);
    await Promise.all([
      ...Array.from({ length: writers }, (_, number) => this.#write(number, lane(number))),
      ...Array.from({ length: pruners }, (_, number) => this.#prune(lane(1000 + number))),
      this.#read(lane(2000)),
      this.#stopSome(lane(3000)),
    ]);
    const result = this.#result;
    result.harm.push(...(await repository.harm()));
    await repository.closeEngine();
    // The killed have left unfinished snapshots and half notes: the first run finishes them, the second finds nothing to do.
    await repository.run('prune', '--grace', '0s');
    const { snapshots, damaged } = await repository.run('verify', '--deep');
    if (damaged.length > 0) result.harm.push(`verify --deep: ${JSON.stringify(damaged)}`);
    result.snapshotsAtTheEnd = snapshots;
    await repository.run('prune', '--grace', '0s');
    result.leftovers = repository.leftovers();
    return result;
  }

  async remove(): Promise<void> {
    for (const group of this.#running) group.signal('SIGKILL');
    await Promise.all([...this.#running].map(({ finished }) => finished));
    await this.#repository.remove();
  }

  async #write(number: number, random: SeededRandom): Promise<void> {
    const source = join(this.#repository.root, `source-${number}`);
    const own: string[] = [];
    mkdirSync(source);
    while (this.#goesOn()) {
      this.#fillSource(source, random);
      const facts = readTree(source);
      const outcome = await this.#runOne(random, 'backup', source);
      const id = this.#repository.noteReport(outcome, facts);
      if (id !== undefined) {
        own.push(id);
        this.#result.backups++;
      }
      if (own.length > MOST_SNAPSHOTS) await this.#forget(random, own.splice(0, own.length - 1));
    }
  }

  /** Once it is asked for, a snapshot may be gone whatever comes of the command. */
  async #forget(random: SeededRandom, ids: readonly string[]): Promise<void> {
    const facts = ids.map((id) => [id, this.#repository.reported.get(id) as TreeFacts] as const);
    for (const id of ids) this.#repository.reported.delete(id);
    const outcome = await this.#runOne(random, 'forget', ...ids, '--yes');
    if (outcome.status === 0) this.#result.forgotten += ids.length;
    if (outcome.status === LOCKED) for (const [id, fact] of facts) this.#repository.reported.set(id, fact);
  }

  async #prune(random: SeededRandom): Promise<void> {
    while (this.#goesOn()) {
      const outcome = await this.#runOne(random, 'prune', '--grace', '0s', '--yes');
      if (outcome.status !== 0) continue;
      this.#result.prunes++;
      this.#result.deletedPacks += JSON.parse(outcome.output).deletedPacks;
    }
  }

  async #read(random: SeededRandom): Promise<void> {
    const source = join(this.#repository.root, 'source-read');
    mkdirSync(source);
    this.#fillSource(source, random);
    const facts = readTree(source);
    const [id] = await this.#backupUntilDone(random, source, facts);
    const target = join(this.#repository.root, 'restored-read');
    while (this.#goesOn()) {
      if (id === undefined || random.below(2) === 0) await this.#runOne(random, 'verify');
      else {
        const outcome = await this.#runOne(random, 'restore', id, '--to', target, '--apply', '--yes');
        if (outcome.status === 0) this.#result.harm.push(...compareFacts(facts, readTree(target)));
      }
      this.#result.reads++;
    }
  }

  async #backupUntilDone(random: SeededRandom, source: string, facts: TreeFacts): Promise<string[]> {
    while (this.#goesOn()) {
      const id = this.#repository.noteReport(await this.#runOne(random, 'backup', source), facts);
      if (id !== undefined) return [id];
    }
    return [];
  }

  /** Runs a command; about every eighth is killed on its way. */
  async #runOne(random: SeededRandom, ...words: string[]): Promise<GroupOutcome> {
    const group = this.#repository.start(...words);
    this.#running.add(group);
    const dies = random.below(8) === 0;
    const outcome = await (dies ? group.killAfter(200 + random.below(3000)) : group.finished);
    this.#running.delete(group);
    if (outcome.signal === 'SIGKILL') this.#result.killed++;
    else if (outcome.status === LOCKED) this.#result.locked++;
    else if (outcome.status !== 0) this.#result.harm.push(`${words[0]}: ${describe(outcome)}`);
    this.#request.report?.(
      `${words[0]}: ${outcome.signal ?? outcome.status} after ${Math.round(outcome.durationMs)} ms`,
    );
    return outcome;
  }

  /** Some process stands still for a while, and then goes on as if nothing had been. */
  async #stopSome(random: SeededRandom): Promise<void> {
    while (this.#goesOn()) {
      await sleep(500 + random.below(1500));
      const running = [...this.#running];
      const group = running[random.below(running.length)];
      if (group === undefined) continue;
      this.#result.stopped++;
      group.signal('SIGSTOP');
      await sleep(random.below(6000));
      group.signal('SIGCONT');
    }
  }

  #fillSource(source: string, random: SeededRandom): void {
    rmSync(source, { recursive: true });
    mkdirSync(source);
    for (let number = 0; number < IN_A_TREE; number++) {
      writeFileSync(join(source, `file ${number}`), this.#pool[random.below(POOL)] as Buffer);
    }
    writeFileSync(join(source, 'own'), content(random, 1 + random.below(50_000)));
  }

  #goesOn(): boolean {
    return performance.now() < this.#endMs && this.#result.harm.length < 20;
  }
}
