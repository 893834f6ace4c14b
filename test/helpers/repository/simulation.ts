import type { ByteRange, ObjectInfo, Store } from '../../../src/backup/ports.ts';
import type { Clock } from '../../../src/shared/clock.ts';
import { HoldfastError } from '../../../src/shared/errors.ts';
import type { SeededRandom } from '../seeded-random.ts';

/**
 * Runs several actors step by step: every call of the store is a scheduling point, and a seed decides who goes on, who is stopped for how
 * long, who dies, and what a listing shows. Time is virtual.
 */

export interface SimulationOptions {
  random: SeededRandom;
  /** Listings show a put or a delete at the latest after this time. */
  lagMs: number;
  /** What time a single step may take at most. */
  stepMs: number;
  /** Chance that an actor is stopped before a call that is no plain read. Half of the stops are short. */
  pauseChance: number;
  /** The longest stop. */
  pauseMs: number;
  /** Chance of a step at which the actor dies. */
  crashChance: number;
}

interface Change {
  at: number;
  size: number;
  /** False: deleted at that time. */
  present: boolean;
}

/** What happens to the truth, for whoever checks the invariants. */
export interface SimulationEvents {
  put?: (name: string, bytes: Buffer) => void;
  delete?: (name: string, bytes: Buffer) => void;
}

interface Turn {
  actor: Actor;
  label: string;
  run: () => void;
}

interface Sleeper {
  actor: Actor;
  at: number;
  wake: () => void;
}

/** Stops an actor before the nth call (from 1) whose label matches, until a time of the clock. */
export interface Stop {
  before: RegExp;
  nth: number;
  until: number;
}

export class Actor {
  readonly name: string;
  /** Where it is stopped for certain. */
  readonly stops: readonly Stop[];
  /** How often each of `stops` has matched. */
  readonly passed: number[];
  pausedUntil = 0;
  dead = false;
  finished = false;

  constructor(name: string, stops: readonly Stop[] = []) {
    this.name = name;
    this.stops = stops;
    this.passed = stops.map(() => 0);
  }
}

export class Simulation {
  readonly events: SimulationEvents = {};
  readonly objects = new Map<string, Buffer>();
  readonly log: string[] = [];
  now = Date.UTC(2030, 0, 1);
  readonly #options: SimulationOptions;
  readonly #changes = new Map<string, Change[]>();
  #turns: Turn[] = [];
  #sleepers: Sleeper[] = [];
  readonly #actors: Actor[] = [];

  constructor(options: SimulationOptions) {
    this.#options = options;
  }

  get random(): SeededRandom {
    return this.#options.random;
  }

  chance(probability: number): boolean {
    return this.random.below(1_000_000) < probability * 1_000_000;
  }

  /** Starts an actor. Its failures are its own business: `work` is to catch what it expects; the rest is kept in `failures`. */
  start(name: string, work: (actor: Actor) => Promise<void>, stops: readonly Stop[] = []): Actor {
    const actor = new Actor(name, stops);
    this.#actors.push(actor);
    work(actor).then(
      () => {
        actor.finished = true;
      },
      (error: unknown) => {
        actor.finished = true;
        if (!actor.dead) this.failures.push({ actor: name, error });
      },
    );
    return actor;
  }

  readonly failures: { actor: string; error: unknown }[] = [];

  /** Runs until every actor has finished or died, `isOver` says so, or `steps` are used up. */
  async run(steps: number, isOver: () => boolean): Promise<void> {
    for (let step = 0; step < steps && !isOver(); step++) {
      await quiet();
      if (this.#actors.every(({ dead, finished }) => dead || finished)) return;
      if (!this.#step()) return;
    }
  }

  #step(): boolean {
    const ready = this.#turns.filter(({ actor }) => actor.pausedUntil <= this.now);
    const due = this.#sleepers.filter(({ at, actor }) => at <= this.now && actor.pausedUntil <= this.now);
    const choice = this.random.below(ready.length + due.length);
    if (ready.length + due.length === 0) return this.#jump();
    this.now += this.random.below(this.#options.stepMs);
    const turn = ready[choice];
    if (turn !== undefined) this.#take(turn);
    else this.#wake(due[choice - ready.length] as Sleeper);
    return true;
  }

  #take(turn: Turn): void {
    this.#turns = this.#turns.filter((other) => other !== turn);
    const { actor } = turn;
    if (this.chance(this.#options.crashChance)) {
      // The call in flight may have had its effect or not.
      if (this.chance(0.5)) turn.run();
      this.kill(actor);
      return;
    }
    this.log.push(`${actor.name}: ${turn.label}`);
    turn.run();
  }

  #maybeStop(actor: Actor, label: string): void {
    const { pauseMs, pauseChance } = this.#options;
    const isRead = label.startsWith('get ');
    if (!isRead && this.chance(pauseChance)) {
      const longest = this.chance(0.5) ? pauseMs : pauseMs / 50;
      this.#stop(actor, this.now + this.random.below(longest));
    }
    for (const [number, stop] of actor.stops.entries()) {
      if (!stop.before.test(label)) continue;
      actor.passed[number] = (actor.passed[number] as number) + 1;
      if (actor.passed[number] === stop.nth) this.#stop(actor, stop.until);
    }
  }

  #stop(actor: Actor, until: number): void {
    actor.pausedUntil = Math.max(actor.pausedUntil, until);
    this.log.push(`${actor.name} stops for ${Math.round((actor.pausedUntil - this.now) / 60_000)} min`);
  }

  kill(actor: Actor): void {
    actor.dead = true;
    this.log.push(`${actor.name} dies`);
    this.#turns = this.#turns.filter((turn) => turn.actor !== actor);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.actor !== actor);
  }

  #wake(sleeper: Sleeper): void {
    this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
    sleeper.wake();
  }

  /** Nobody can go on: moves the time to the next moment at which somebody can. */
  #jump(): boolean {
    const moments = [
      ...this.#turns.map(({ actor }) => actor.pausedUntil),
      ...this.#sleepers.map(({ at, actor }) => Math.max(at, actor.pausedUntil)),
    ];
    const next = Math.min(...moments);
    if (next === Number.POSITIVE_INFINITY) return false;
    this.now = Math.max(this.now + 1, next);
    return true;
  }

  turn<T>(actor: Actor, label: string, effect: () => T): Promise<T> {
    if (actor.dead) return new Promise(() => {});
    return new Promise((resolve, reject) => {
      const run = (): void => {
        try {
          resolve(effect());
        } catch (error) {
          reject(error);
        }
      };
      this.#turns.push({ actor, label, run });
      this.#maybeStop(actor, label);
    });
  }

  clockOf(actor: Actor): Clock {
    return {
      now: () => this.now,
      monotonic: () => this.now,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          const sleeper: Sleeper = { actor, at: this.now + ms, wake: resolve };
          if (signal?.aborted) return reject(signal.reason);
          signal?.addEventListener('abort', () => {
            this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
            reject(signal.reason);
          });
          this.#sleepers.push(sleeper);
        }),
    };
  }

  /** The shared place as one actor sees it. */
  storeOf(actor: Actor): Store {
    return new SimulatedStore(this, actor);
  }

  putNow(name: string, bytes: Buffer): void {
    this.objects.set(name, bytes);
    this.#note(name, { at: this.now, size: bytes.length, present: true });
    this.events.put?.(name, bytes);
  }

  deleteNow(name: string): void {
    const bytes = this.objects.get(name);
    if (bytes === undefined) return;
    this.objects.delete(name);
    this.#note(name, { at: this.now, size: bytes.length, present: false });
    this.events.delete?.(name, bytes);
  }

  /** The disk keeps only the first bytes. */
  truncateNow(name: string, size: number): void {
    const bytes = this.objects.get(name);
    if (bytes === undefined || bytes.length <= size) return;
    this.objects.set(name, bytes.subarray(0, size));
    for (const change of this.#changes.get(name) ?? []) change.size = size;
    this.log.push(`${short(name)} is cut short`);
  }

  #note(name: string, change: Change): void {
    this.#changes.set(name, [...(this.#changes.get(name) ?? []), change]);
  }

  /** A listing: of changes within the lag each is seen or not, for each listing anew. */
  listNow(prefix: string): ObjectInfo[] {
    const found: ObjectInfo[] = [];
    for (const [name, changes] of this.#changes) {
      if (!name.startsWith(prefix)) continue;
      let state: Change | undefined;
      for (const change of changes) {
        const isSettled = change.at + this.#options.lagMs <= this.now;
        if (isSettled || this.chance(0.5)) state = change;
      }
      if (state?.present) found.push({ name, size: state.size });
    }
    return found;
  }
}

class SimulatedStore implements Store {
  readonly location = 'simulation';
  readonly #simulation: Simulation;
  readonly #actor: Actor;

  constructor(simulation: Simulation, actor: Actor) {
    this.#simulation = simulation;
    this.#actor = actor;
  }

  list(prefix: string): Promise<ObjectInfo[]> {
    return this.#simulation.turn(this.#actor, `list ${prefix}`, () => this.#simulation.listNow(prefix));
  }

  get(name: string, range?: ByteRange): Promise<Buffer> {
    return this.#simulation.turn(this.#actor, `get ${short(name)}`, () => {
      const bytes = this.#simulation.objects.get(name);
      if (bytes === undefined) throw new HoldfastError('not_found', `No object ${name}.`);
      if (range === undefined) return Buffer.from(bytes);
      const start = range.offset < 0 ? Math.max(0, bytes.length + range.offset) : range.offset;
      return Buffer.from(bytes.subarray(start, start + range.length));
    });
  }

  put(name: string, body: unknown): Promise<void> {
    const bytes = Buffer.from(body as Uint8Array);
    return this.#simulation.turn(this.#actor, `put ${short(name)}`, () => this.#simulation.putNow(name, bytes));
  }

  delete(name: string): Promise<void> {
    return this.#simulation.turn(this.#actor, `delete ${short(name)}`, () => this.#simulation.deleteNow(name));
  }

  stat(name: string): Promise<{ size: number } | undefined> {
    return this.#simulation.turn(this.#actor, `stat ${short(name)}`, () => {
      const bytes = this.#simulation.objects.get(name);
      return bytes && { size: bytes.length };
    });
  }

  async freeBytes(): Promise<undefined> {
    return undefined;
  }

  async spoolFolder(): Promise<string> {
    throw new HoldfastError('internal', 'The simulation has no spool folder.');
  }

  localPath(): undefined {
    return undefined;
  }

  async close(): Promise<void> {}
}

/** Names with their hexadecimal IDs shortened. */
const short = (name: string): string => name.replaceAll(/([0-9a-f]{8})[0-9a-f]{24,}/g, '$1');

/** Lets everything run that can run without a turn. */
function quiet(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
