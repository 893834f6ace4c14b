import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { type EngineParts, OpenEngine } from '../../src/backup/open-engine.ts';
import { backup } from '../../src/backup/operations/backup/backup.ts';
import type { OperationContext, Store } from '../../src/backup/ports.ts';
import { openPosix } from '../../src/backup/posix/open-posix.ts';
import type { HeadMemory } from '../../src/backup/repository/history.ts';
import type { Repository } from '../../src/backup/repository/repository.ts';
import { MemoryStore } from '../../src/backup/stores/memory.ts';
import type { BackupRequest, BackupResult } from '../../src/backup/types.ts';
import { type Clock, systemClock } from '../../src/shared/clock.ts';
import { systemRandom } from '../../src/shared/random.ts';
import { testRepository } from './repository/test-repository.ts';
import { readTree, type Tree } from './tree/read-tree.ts';
import { TreeMaker } from './tree/tree-maker.ts';

const NO_MEMORY: HeadMemory = { load: async () => ({}), save: async () => {} };

export interface PlaceOptions {
  skipped?: EngineParts['skipped'];
  threads?: number;
  posix?: 'auto' | 'off';
  clock?: Clock;
  store?: Store;
  files?: EngineParts['files'];
}

/** A folder to back up, and an engine on a repository that costs no key derivation. */
export class BackupPlace {
  readonly root: string;
  readonly source: string;
  readonly make: TreeMaker;
  readonly repository: Repository;
  readonly #options: PlaceOptions;
  #restores = 0;

  constructor(root: string, options: PlaceOptions) {
    this.root = root;
    this.source = join(root, 'source');
    mkdirSync(this.source);
    this.#options = options;
    this.make = new TreeMaker(openPosix({ native: options.posix ?? 'auto' }), this.source);
    const { store = new MemoryStore(), clock = systemClock } = options;
    this.repository = testRepository({ store, clock, random: systemRandom });
  }

  path(...names: string[]): string {
    return join(this.source, ...names);
  }

  engine(changes: PlaceOptions = {}): OpenEngine {
    return new OpenEngine(this.#parts(changes), Promise.resolve(this.repository));
  }

  /** `meanwhile` runs when a source of up to 256 entries has been walked and nothing of it has been read yet. */
  backup(
    request: Partial<BackupRequest> = {},
    options: PlaceOptions & { meanwhile?: () => void; context?: OperationContext } = {},
  ): Promise<BackupResult> {
    const { context, meanwhile, ...changes } = options;
    const { repository } = this;
    let opening: Promise<Repository> | undefined;
    const open = async (): Promise<Repository> => {
      // The walk begins as soon as it waits for the repository, and takes its first steps without a pause.
      for (let turn = 0; turn < 3; turn++) await nextTurn();
      meanwhile?.();
      return repository;
    };
    const environment = {
      ...this.#parts(changes),
      heads: NO_MEMORY,
      get repository() {
        opening ??= open();
        return opening;
      },
    };
    const what = request.stdin ?? request.command;
    return backup(environment, what === undefined ? { paths: [this.source], ...request } : request, context);
  }

  #parts(changes: PlaceOptions): EngineParts {
    const options = { ...this.#options, ...changes };
    return {
      store: this.repository.store,
      clock: options.clock ?? systemClock,
      heads: () => NO_MEMORY,
      files: options.files ?? { openSync, writeSync, closeSync },
      posix: options.posix ?? 'auto',
      commandEnvironment: { PATH: process.env.PATH ?? '' },
      host: 'host',
      program: 'holdfast test',
      workingFolder: this.source,
      skipped: options.skipped ?? [],
      threads: options.threads ?? 0,
    };
  }

  /** Restores a snapshot into a new folder; gives its path. */
  async restore(snapshot: string, options: PlaceOptions = {}): Promise<string> {
    const to = join(this.root, `restored-${this.#restores++}`);
    await this.engine(options).restore({ snapshot, to, apply: true, devices: true });
    return to;
  }

  async restoredTree(snapshot: string): Promise<Tree> {
    return readTree(openPosix(), await this.restore(snapshot));
  }

  tree(): Tree {
    return readTree(openPosix(), this.source);
  }

  /** Paths in a snapshot, in order, raw. */
  async paths(snapshot: string): Promise<string[]> {
    return (await Array.fromAsync(this.engine().entries(snapshot, { recursive: true }))).map(({ path }) => path);
  }
}

/** A place for one test below `folder`, removed after it. */
export function backupPlace(options: PlaceOptions = {}, folder = tmpdir()): BackupPlace {
  const root = mkdtempSync(join(folder, 'holdfast-backup-'));
  // Not by Node, which fails on very long paths.
  onTestFinished(() => {
    execFileSync('rm', ['-rf', root]);
  });
  return new BackupPlace(root, options);
}

/** Waits until what was just written counts as settled: a file touched within the clock's granularity is read again. */
export async function settle(path: string): Promise<void> {
  const touched = statSync(path).ctimeMs;
  while (Date.now() < touched + 30) await delay(10);
}

/** Tells progress at every chance: its time jumps at every look. */
export function eagerClock(): Clock {
  let now = 0;
  return { ...systemClock, monotonic: () => (now += 1000) };
}
