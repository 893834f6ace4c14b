import { OBJECT_TYPES } from '../../../src/backup/crypto/sealer.ts';
import { parseMarkBody, type SnapshotBody } from '../../../src/backup/format/bodies.ts';
import { decodeBody } from '../../../src/backup/format/body.ts';
import { decodeIndexRun } from '../../../src/backup/format/index-run.ts';
import { ID_BYTES, packName, RECORD_BYTES } from '../../../src/backup/format/pack-index.ts';
import { collect } from '../../../src/backup/repository/collector.ts';
import { forgetSnapshot } from '../../../src/backup/repository/forget-snapshot.ts';
import type { HostFacts } from '../../../src/backup/repository/host-facts.ts';
import { readPackIndex } from '../../../src/backup/repository/index-loader.ts';
import { putMark, readMarks } from '../../../src/backup/repository/marks.ts';
import { idOfName } from '../../../src/backup/repository/names.ts';
import type { Repository } from '../../../src/backup/repository/repository.ts';
import { ALL_RULES, type ProtocolRules } from '../../../src/backup/repository/rules.ts';
import { LAPSE_MS, Session } from '../../../src/backup/repository/sessions.ts';
import { readCatalog } from '../../../src/backup/repository/snapshots.ts';
import { MemoryStore } from '../../../src/backup/stores/memory.ts';
import { HoldfastError } from '../../../src/shared/errors.ts';
import { ManualClock } from '../manual-clock.ts';
import { SeededRandom } from '../seeded-random.ts';
import { type Actor, Simulation, type Stop } from './simulation.ts';
import { testRepository } from './test-repository.ts';
import { backUpTiny, restoreTiny, type TinyFiles } from './tiny-backup.ts';

const HOUR_MS = 3_600_000;

export interface WorldOptions {
  seed: number;
  rules?: Partial<ProtocolRules>;
  /** Processes of each role. */
  writers?: number;
  collectors?: number;
  forgetters?: number;
  readers?: number;
  steps?: number;
  /** Everybody takes everybody else for dead, so that sessions protect nothing. */
  blind?: boolean;
  pauseChance?: number;
  pauseMs?: number;
  crashChance?: number;
  /** Instead of processes at random moments. */
  script?: readonly ScriptedProcess[];
  /** How long listings lag; 4 by default. */
  lagHours?: number;
  /** Disks that cut packs short at random moments. */
  disks?: number;
}

/** A process at a given moment: what leads to a violation where a rule is missing, give or take the seed's chances. */
export interface ScriptedProcess {
  role: Role;
  /** When it starts, in hours of the world's life, and up to half an hour later. */
  at: number;
  /** What a writer backs up. */
  files?: readonly string[];
  /** Where it is stopped, until which hour and up to one later; `nth` call that matches, the first by default. */
  stops?: readonly { before: RegExp; nth?: number; until: number }[];
}

type Role = 'writer' | 'collector' | 'forgetter' | 'reader' | 'unmarker' | 'careless' | 'disk';

const GRACE_MS = 12 * HOUR_MS;
/** Processes start in this time. */
const LIFE_MS = 8 * GRACE_MS;
const CONTENTS = ['alpha', 'bravo', 'charlie', 'delta'];

interface Reported {
  id: string;
  at: number;
  body: SnapshotBody;
  files: TinyFiles;
  chunks: string[];
}

/** One simulated life of a repository. `violations` says what went wrong, in words. */
export class ProtocolWorld {
  readonly simulation: Simulation;
  readonly violations: string[] = [];
  readonly reported = new Map<string, Reported>();
  deletedPacks = 0;
  readonly #options: WorldOptions;
  readonly #random: SeededRandom;
  readonly #rules: ProtocolRules;
  readonly #lagMs: number;
  readonly #truth: Repository;
  readonly #runPacks = new Map<string, string[]>();
  readonly #packChunks = new Map<string, Set<string>>();
  /** By process ID. */
  readonly #owners: Actor[] = [];
  #processes = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#lagMs = (options.lagHours ?? 4) * HOUR_MS;
    this.#rules = { ...ALL_RULES, ...options.rules };
    this.simulation = new Simulation({
      random: this.#random,
      lagMs: this.#lagMs,
      stepMs: HOUR_MS / 30,
      pauseChance: options.pauseChance ?? 0.02,
      pauseMs: options.pauseMs ?? 60 * HOUR_MS,
      crashChance: options.crashChance ?? 0.001,
    });
    this.#truth = testRepository({
      store: new MemoryStore(this.simulation.objects),
      clock: new ManualClock(),
      random: this.#random,
    });
    this.simulation.events.put = (name, bytes) => this.#notePut(name, bytes);
    this.simulation.events.delete = (name) => this.#noteDelete(name);
  }

  /** Lives through it; gives the violations. */
  async run(): Promise<string[]> {
    for (const process of this.#options.script ?? []) this.#startScripted(process);
    if (this.#options.script === undefined) this.#startRandomly();
    await this.simulation.run(this.#options.steps ?? 6000, () => this.violations.length > 0);
    for (const { actor, error } of this.simulation.failures) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.violations.push(`${actor} failed: ${detail}`);
    }
    await this.#checkEnd();
    return this.violations;
  }

  #startRandomly(): void {
    const { writers = 12, collectors = 16, forgetters = 12, readers = 4, disks = 0 } = this.#options;
    const counts = { writer: writers, collector: collectors, forgetter: forgetters, reader: readers, disk: disks };
    for (const [role, count] of Object.entries(counts)) {
      for (let i = 0; i < count; i++) this.#start({ role: role as Role, at: 0 }, this.#random.below(LIFE_MS), []);
    }
  }

  #startScripted(process: ScriptedProcess): void {
    const birth = this.simulation.now;
    const stops = (process.stops ?? []).map(({ before, nth = 1, until }) => ({
      before,
      nth,
      until: birth + (until + this.#random.below(1000) / 1000) * HOUR_MS,
    }));
    this.#start(process, process.at * HOUR_MS + this.#random.below(HOUR_MS / 2), stops);
  }

  #start(process: ScriptedProcess, afterMs: number, stops: readonly Stop[]): void {
    const live = async (actor: Actor): Promise<void> => {
      await this.simulation.clockOf(actor).sleep(afterMs);
      await this.#work(this.#open(actor), process);
    };
    this.simulation.start(`${process.role} ${++this.#processes}`, live, stops);
  }

  #work(repository: Repository, { role, files }: ScriptedProcess): Promise<void> {
    switch (role) {
      case 'writer':
        return this.#write(repository, files ?? this.#someFiles());
      case 'collector':
        return this.#collect(repository);
      case 'forgetter':
        return this.#forget(repository);
      case 'reader':
        return this.#read(repository);
      case 'unmarker':
        return this.#unmark(repository);
      case 'careless':
        return this.#markRun(repository);
      case 'disk':
        return this.#truncate();
    }
  }

  /** Half of the processes share one machine, on which the death of one is noticed at once. */
  #open(actor: Actor): Repository {
    const pid = this.#owners.length;
    this.#owners.push(actor);
    const { blind = false } = this.#options;
    const machine = blind || this.simulation.chance(0.5) ? 'shared' : actor.name;
    const host: HostFacts = {
      host: actor.name,
      machine,
      boot: `${machine} boot`,
      pidNamespace: 'pid:[1]',
      pid,
      pidStart: 1,
      processStart: (other) => (blind || this.#owners[other]?.dead ? undefined : 1),
    };
    const store = this.simulation.storeOf(actor);
    const clock = this.simulation.clockOf(actor);
    return testRepository({ store, clock, random: this.#random, host, rules: this.#rules, writer: actorId(actor) });
  }

  async #write(repository: Repository, contents: readonly string[]): Promise<void> {
    const files: TinyFiles = Object.fromEntries(contents.map((text) => [text, text]));
    let ids: string[] = [];
    let published: SnapshotBody | undefined;
    try {
      const id = await backUpTiny(repository, files, {
        source: repository.host.host,
        packBytes: 1,
        forgetful: this.#options.script !== undefined || this.simulation.chance(0.3),
        beforePublish: (body, chunks) => {
          published = body;
          ids = chunks;
        },
      });
      const reported = { id, at: this.simulation.now, body: published as SnapshotBody, files, chunks: ids };
      this.reported.set(id, reported);
      this.simulation.log.push(`${repository.host.host} reports ${id.slice(0, 8)}`);
      this.#checkOne(reported, 'when it was reported');
    } catch (error) {
      this.#expectFailure(error);
    }
  }

  #someFiles(): string[] {
    const chosen = CONTENTS.filter(() => this.simulation.chance(0.4));
    return chosen.length > 0 ? chosen : CONTENTS.slice(0, 1);
  }

  async #collect(repository: Repository): Promise<void> {
    try {
      this.deletedPacks += (await collect(repository, { graceMs: GRACE_MS, force: true })).deletedPacks;
    } catch (error) {
      this.#expectFailure(error);
    }
  }

  async #forget(repository: Repository): Promise<void> {
    for (const { id } of [...this.reported.values()].filter(
      () => this.#options.script !== undefined || this.simulation.chance(0.8),
    )) {
      this.reported.delete(id);
      this.simulation.log.push(`${id.slice(0, 8)} is to be forgotten`);
      await forgetSnapshot(repository, id, 'simulation');
    }
  }

  /**
   * Restores while others collect. What a live session reads stays, forgotten or not, unless it was marked before the session began.
   */
  async #read(repository: Repository): Promise<void> {
    const session = await Session.start(repository, { operation: 'restore' });
    const marked = (await readMarks(this.#truth)).packs;
    const held = new Set([...this.#packChunks].flatMap(([pack, chunks]) => (marked.has(pack) ? [] : [...chunks])));
    const snapshots = [...this.reported.values()].filter(
      ({ at, chunks }) => at + this.#lagMs <= this.simulation.now && chunks.every((chunk) => held.has(chunk)),
    );
    const chosen = snapshots[this.#random.below(Math.max(1, snapshots.length))];
    const started = this.simulation.now;
    try {
      if (chosen !== undefined) await restoreTiny(repository, chosen.body);
    } catch (error) {
      const isLapsed = this.simulation.now - started >= LAPSE_MS;
      if (!isLapsed) this.violations.push(`a reader lost what it was reading: ${(error as Error).message}`);
    }
    await session.end();
  }

  /** What must not be done: takes a mark back because what it names is used. */
  async #unmark(repository: Repository): Promise<void> {
    const marks = (await repository.store.list('gc/')).filter(({ name }) => !name.endsWith('.done'));
    const chosen = marks[this.#random.below(Math.max(1, marks.length))];
    if (chosen !== undefined) await repository.store.delete(chosen.name);
  }

  /** What must not be done: marks a run that nothing replaces. */
  async #markRun(repository: Repository): Promise<void> {
    const runs = await repository.store.list('index/');
    const chosen = runs[this.#random.below(Math.max(1, runs.length))];
    if (chosen === undefined) return;
    const session = await Session.start(repository, { operation: 'prune' });
    await putMark(repository, session, { packs: [], indexes: [idOfName(chosen.name) as string] });
    await session.end();
  }

  /** A disk loses the end of a pack. Snapshots that were reported before are excused. */
  async #truncate(): Promise<void> {
    const packs = [...this.simulation.objects.keys()].filter((name) => name.startsWith('packs/'));
    const name = packs[this.#random.below(Math.max(1, packs.length))];
    if (name === undefined) return;
    const id = idOfName(name) as string;
    const held = this.#packChunks.get(id) ?? new Set();
    for (const { id: snapshot, chunks } of this.reported.values()) {
      if (chunks.some((chunk) => held.has(chunk))) this.reported.delete(snapshot);
    }
    this.#packChunks.delete(id);
    this.simulation.truncateNow(name, 70);
  }

  #expectFailure(error: unknown): void {
    if (!(error instanceof HoldfastError) || error.code === 'internal') throw error;
    this.simulation.log.push(`failure: ${error.message}`);
    const isAlarm = error.code === 'damaged' && error.message.startsWith('Nothing is deleted');
    // With lagging listings a collector may miss for a while what was just put; without, an alarm must be true.
    if (isAlarm && this.#lagMs === 0) this.violations.push(`a false alarm: ${error.message}`);
  }

  #notePut(name: string, bytes: Buffer): void {
    if (name.endsWith('.done')) this.#checkDone(name);
    if (name.startsWith('index/')) {
      const { packs } = decodeIndexRun(this.#truth.sealer, bytes);
      this.#runPacks.set(
        name,
        packs.map((pack) => pack.id),
      );
    }
    const id = name.startsWith('packs/') ? idOfName(name) : undefined;
    if (id === undefined) return;
    const chunks = new Set<string>();
    this.#packChunks.set(id, chunks);
    const store = new MemoryStore(new Map([[name, bytes]]));
    const reading = readPackIndex(testRepository({ store }), id, bytes.length, []);
    this.#learning.push(
      reading.then((index) => {
        const records = index?.records ?? Buffer.alloc(0);
        for (let at = 0; at < records.length; at += RECORD_BYTES)
          chunks.add(records.toString('hex', at, at + ID_BYTES));
      }),
    );
  }

  /** A mark is done when everything that it names is gone. */
  #checkDone(name: string): void {
    const mark = this.simulation.objects.get(name.slice(0, -'.done'.length));
    if (mark === undefined) return;
    const { packs } = parseMarkBody(decodeBody(this.#truth.sealer, OBJECT_TYPES.mark, mark));
    const left = packs.find((id) => this.simulation.objects.has(packName(id)));
    if (left !== undefined) this.violations.push(`a mark is done while pack ${left.slice(0, 8)} still exists`);
  }

  readonly #learning: Promise<void>[] = [];

  #noteDelete(name: string): void {
    if (this.#runPacks.delete(name)) this.#checkCover(`when ${name.slice(0, 14)} was deleted`);
    const id = name.startsWith('packs/') ? idOfName(name) : undefined;
    if (id === undefined) return;
    this.#packChunks.delete(id);
    this.simulation.log.push(`pack ${id.slice(0, 8)} is gone`);
    for (const reported of this.reported.values()) this.#checkOne(reported, `when pack ${id.slice(0, 8)} was deleted`);
  }

  /** By the truth, which no actor knows: every chunk is in some pack. */
  #checkOne({ id, chunks }: Reported, when: string): void {
    for (const chunk of chunks) {
      if ([...this.#packChunks.values()].some((held) => held.has(chunk))) continue;
      this.violations.push(`snapshot ${id.slice(0, 8)} lost chunk ${chunk.slice(0, 8)} ${when}`);
      return;
    }
  }

  async #checkEnd(): Promise<void> {
    await Promise.all(this.#learning);
    const { snapshots } = await readCatalog(this.#truth);
    const listed = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
    for (const { id, files } of this.reported.values()) {
      const snapshot = listed.get(id);
      if (snapshot?.confirmed === undefined)
        this.violations.push(`snapshot ${id.slice(0, 8)} is not listed as finished`);
      else await this.#expectRestores(snapshot.id, snapshot.body, files);
    }
    for (const { id, status } of snapshots) {
      if (status === 'lost') this.violations.push(`snapshot ${id.slice(0, 8)} looks lost`);
    }
    this.#checkCover('at the end');
  }

  async #expectRestores(id: string, body: SnapshotBody, files: TinyFiles): Promise<void> {
    try {
      const restored = await restoreTiny(this.#truth, body);
      if (!sameFiles(restored, files)) this.violations.push(`snapshot ${id.slice(0, 8)} restores something else`);
    } catch (error) {
      this.violations.push(`snapshot ${id.slice(0, 8)} does not restore: ${(error as Error).message}`);
    }
  }

  /**
   * The index is derived and heals. In scripted worlds it should not have to; in others a chunk may for a while be known from the trailer
   * of a pack alone, whose writer has yet to put its index run.
   */
  #checkCover(when: string): void {
    if (this.#options.script === undefined) return;
    const covered = new Set([...this.#runPacks.values()].flat());
    const findable = new Set([...this.#packChunks].flatMap(([pack, held]) => (covered.has(pack) ? [...held] : [])));
    for (const { id, chunks } of this.reported.values()) {
      if (chunks.every((chunk) => findable.has(chunk))) continue;
      this.violations.push(`snapshot ${id.slice(0, 8)} is not in the index any more ${when}`);
    }
  }
}

function actorId(actor: Actor): string {
  return Buffer.from(actor.name.padEnd(16)).toString('hex').slice(0, 32);
}

function sameFiles(a: TinyFiles, b: TinyFiles): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
