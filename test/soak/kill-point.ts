import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { SeededRandom } from '../helpers/seeded-random.ts';
import { type GroupOutcome, ProcessGroup } from './process-group.ts';

/** What writes, renames, deletes or makes durable: between any two of these a crash leaves something else behind. */
const CALLS =
  'rename,renameat,renameat2,fsync,fdatasync,syncfs,unlink,unlinkat,rmdir,mkdir,mkdirat,link,linkat,symlinkat,pwrite64,utimensat,fchmod,fchown';
const LAST_MS = 50;

/**
 * When a command is killed: at a moment, shortly after it has said what it is going to do next, or when a thread of it makes a system call for
 * the `number`-th time.
 */
export type KillPoint =
  | { kind: 'moment' | 'last'; afterMs: number }
  | { kind: 'phase'; phase: string; afterMs: number }
  | { kind: 'call'; call: string; number: number };

/** Kills one sort of command at points that are spread over all of its duration, which is measured anew whenever a run is left to its end. */
export class Killer {
  readonly #random: SeededRandom;
  readonly #env: NodeJS.ProcessEnv;
  readonly #trace: string;
  readonly #durations = new Map<string, number[]>();
  /** What the command says that it does. */
  #phases: string[] = [];
  /** How often each interesting call is made by the thread that makes it most. */
  #calls: [call: string, count: number][] = [];

  /** `trace`: path of a scratch file. */
  constructor(random: SeededRandom, env: NodeJS.ProcessEnv, trace: string) {
    this.#random = random;
    this.#env = env;
    this.#trace = trace;
  }

  /** Runs a command to its end and learns how long it takes and how many calls it makes. */
  async measure(argv: readonly string[]): Promise<GroupOutcome> {
    const outcome = canTrace()
      ? await new ProcessGroup(
          ['strace', '-f', '-qq', '-o', this.#trace, '-e', `trace=${CALLS}`, ...argv],
          this.#traced(),
        ).finished
      : await new ProcessGroup(argv, this.#env).finished;
    if (canTrace()) this.#calls = callsOfOneThread(readFileSync(this.#trace, 'utf8'));
    return outcome;
  }

  /** As `measure`, at full speed. Runs that take their own time have a `key` of their own. */
  async time(argv: readonly string[], key = ''): Promise<GroupOutcome> {
    const outcome = await new ProcessGroup(argv, this.#env).finished;
    this.#note(outcome, key);
    return outcome;
  }

  durationMs(key = ''): number {
    const known = this.#durations.get(key) ?? [...this.#durations.values()].flat();
    return known.toSorted((a, b) => a - b)[Math.floor(known.length / 2)] ?? 1000;
  }

  choose(key = ''): KillPoint {
    const sort = this.#random.below(20);
    const call = this.#calls[this.#random.below(this.#calls.length)];
    if (sort < 7 && call !== undefined) return { kind: 'call', call: call[0], number: 1 + this.#random.below(call[1]) };
    // Late phases change more, so they come more often.
    const [one, other] = [this.#random.below(this.#phases.length), this.#random.below(this.#phases.length)];
    const phase = this.#phases[Math.max(one, other)];
    if (sort < 11 && phase !== undefined) return { kind: 'phase', phase, afterMs: this.#random.below(LAST_MS) };
    const durationMs = this.durationMs(key);
    if (sort < 15) return { kind: 'last', afterMs: durationMs - this.#random.below(LAST_MS) };
    return { kind: 'moment', afterMs: this.#random.below(Math.ceil(durationMs)) };
  }

  async run(argv: readonly string[], point: KillPoint, key = ''): Promise<GroupOutcome> {
    if (point.kind === 'call') {
      const inject = `inject=${point.call}:signal=SIGKILL:when=${point.number}`;
      const words = ['strace', '-f', '-qq', '-o', this.#trace, '-e', `trace=${point.call}`, '-e', inject, ...argv];
      return new ProcessGroup(words, this.#traced()).finished;
    }
    const group = new ProcessGroup(argv, this.#env);
    if (point.kind === 'phase') return group.killAtMessage(`"phase":${JSON.stringify(point.phase)}`, point.afterMs);
    const outcome = await group.killAfter(point.afterMs);
    if (outcome.status === 0) this.#note(outcome, key);
    return outcome;
  }

  /** One thread of the pool: its calls come in one order, so that their number means something. */
  #traced(): NodeJS.ProcessEnv {
    return { ...this.#env, UV_THREADPOOL_SIZE: '1' };
  }

  #note({ durationMs, messages }: GroupOutcome, key: string): void {
    this.#durations.set(key, [...(this.#durations.get(key) ?? []), durationMs].slice(-5));
    const said = messages.matchAll(/"phase":("[^"]*")/g).map(([, phase]) => JSON.parse(phase as string) as string);
    this.#phases = [...new Set([...this.#phases, ...said])];
  }
}

let tracing: boolean | undefined;

/** Whether strace is here and may trace; without it, kills come at moments alone. */
export function canTrace(): boolean {
  tracing ??= existsSync('/usr/bin/strace') && spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status === 0;
  return tracing;
}

function callsOfOneThread(trace: string): [string, number][] {
  const made = trace.split('\n').flatMap((line) => {
    const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    return thread === undefined || call === undefined ? [] : [{ thread, call }];
  });
  const most = new Map<string, number>();
  for (const calls of Map.groupBy(made, ({ thread, call }) => `${thread} ${call}`).values()) {
    const { call } = calls[0] as { call: string };
    most.set(call, Math.max(most.get(call) ?? 0, calls.length));
  }
  return [...most];
}
