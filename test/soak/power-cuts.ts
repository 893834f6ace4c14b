import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenEngine } from '../../src/backup/open-engine.ts';
import type { FileSystem } from '../../src/backup/stores/file-system.ts';
import { LocalStore } from '../../src/backup/stores/local.ts';
import { HoldfastError } from '../../src/shared/errors.ts';
import { compareFacts, readTree, type TreeFacts } from '../helpers/compare-trees.ts';
import { CrashFileSystem } from '../helpers/crash-file-system.ts';
import { ManualClock } from '../helpers/manual-clock.ts';
import { testHost } from '../helpers/repository/test-repository.ts';
import { SeededRandom } from '../helpers/seeded-random.ts';
import { engineOn } from './engine-on.ts';
import { changeTree, makeTree, type TreeShape } from './random-tree.ts';

const ROOT = '/disk/repository';
const SHAPE: TreeShape = { files: 12, maxBytes: 20_000, large: 1, largeBytes: 400_000 };
const STEPS = 8;
/** Power cuts in the life of one repository. */
const CUTS = 2;

export interface PowerCutsResult {
  seeds: number;
  cuts: number;
  /** Snapshots that were reported, and of them those restored after a power cut. */
  reported: number;
  restored: number;
  forgotten: number;
  prunesThatDeleted: number;
  harm: string[];
}

/**
 * Lets one process after the other back up, forget and prune on a file system that drops what was not synced, and cuts the power at a random
 * call. `alter` may break the file system, to show that this test would notice.
 */
export async function cutPower(
  seeds: readonly number[],
  alter: (files: FileSystem) => FileSystem = (files) => files,
): Promise<PowerCutsResult> {
  const result: PowerCutsResult = {
    seeds: seeds.length,
    cuts: 0,
    reported: 0,
    restored: 0,
    forgotten: 0,
    prunesThatDeleted: 0,
    harm: [],
  };
  for (const seed of seeds) {
    const life = new Life(seed, result, alter);
    try {
      await life.run();
    } catch (error) {
      result.harm.push(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`);
    } finally {
      life.remove();
    }
  }
  return result;
}

/** One repository from its making to its last power cut. */
class Life {
  readonly #seed: number;
  readonly #random: SeededRandom;
  readonly #result: PowerCutsResult;
  readonly #alter: (files: FileSystem) => FileSystem;
  readonly #clock = new ManualClock();
  readonly #folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'holdfast-power-'));
  readonly #source: string;
  readonly #reported = new Map<string, TreeFacts>();
  #boots = 0;
  #restores = 0;

  constructor(seed: number, result: PowerCutsResult, alter: (files: FileSystem) => FileSystem) {
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
    this.#result = result;
    this.#alter = alter;
    this.#source = join(this.#folder, 'source');
    makeTree(this.#source, this.#random, SHAPE);
  }

  async run(): Promise<void> {
    let disk = new CrashFileSystem('/disk', this.#random, { cutAtCall: this.#nextCut() });
    for (let cut = 0; cut < CUTS; cut++) {
      if (!(await rootIsThere(disk))) await disk.mkdir(ROOT, 0o700).catch(() => {});
      await this.#live(disk);
      this.#result.cuts++;
      const last = cut === CUTS - 1;
      const upAgain = disk.afterPowerCut();
      await this.#check(upAgain);
      // The check was a machine of its own; the next life goes on where the disk stands, on its way to another cut.
      disk = upAgain.afterPowerCut(last ? {} : { cutAtCall: this.#nextCut() });
    }
    if (!(await rootIsThere(disk))) return;
    await this.#live(disk);
    await this.#check(disk);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Most histories make between 500 and 2500 calls; some cuts come early, some late, some in the clean-up of the cut before. */
  #nextCut(): number {
    return 1 + this.#random.below([60, 600, 1500, 2500][this.#random.below(4)] as number);
  }

  async #live(disk: CrashFileSystem): Promise<void> {
    const engine = this.#boot(disk);
    try {
      for (let step = 0; step < STEPS; step++) {
        await this.#clock.advance(1000);
        if (step > 1 && this.#random.below(3) === 0) await this.#forgetAndPrune(engine);
        else await this.#backup(engine);
      }
    } catch (error) {
      if (!disk.isDown) throw error;
    } finally {
      await engine.close().catch(() => {});
    }
  }

  async #backup(engine: OpenEngine): Promise<void> {
    changeTree(this.#source, this.#random, SHAPE, 3);
    const facts = readTree(this.#source);
    const { snapshot } = await engine.backup({ paths: [this.#source] });
    this.#reported.set(snapshot, facts);
    this.#result.reported++;
  }

  async #forgetAndPrune(engine: OpenEngine): Promise<void> {
    const ids = [...this.#reported.keys()];
    const going = this.#random.below(2) === 0 ? ids.slice(0, -1) : ids.slice(0, 1);
    if (ids.length < 2) return;
    // From here on they may be gone.
    for (const id of going) this.#reported.delete(id);
    this.#result.forgotten += going.length;
    await engine.forget({ snapshots: going });
    const { deletedPacks } = await engine.prune({ graceMs: 0, force: true });
    if (deletedPacks > 0) this.#result.prunesThatDeleted++;
  }

  /** What a new process finds after the power has come back. */
  async #check(disk: CrashFileSystem): Promise<void> {
    if (!(await rootIsThere(disk))) {
      if (this.#reported.size > 0) this.#harm('the repository is gone');
      return;
    }
    const engine = this.#boot(disk);
    try {
      const listed = new Map((await engine.list()).map(({ id, status }) => [id, status]));
      for (const [id, facts] of this.#reported) {
        if (listed.get(id) !== 'completed') this.#harm(`${id.slice(0, 8)} is ${listed.get(id) ?? 'not listed'}`);
        else await this.#restore(engine, id, facts);
      }
    } catch (error) {
      this.#harm(error instanceof HoldfastError ? `${error.code}: ${error.message}` : String((error as Error).stack));
    } finally {
      await engine.close();
    }
  }

  async #restore(engine: OpenEngine, id: string, facts: TreeFacts): Promise<void> {
    const target = join(this.#folder, `restored-${this.#restores++}`);
    await engine.restore({ snapshot: id, to: target, apply: true });
    const differences = compareFacts(facts, readTree(target));
    rmSync(target, { recursive: true });
    if (differences.length > 0) this.#harm(`${id.slice(0, 8)}: ${differences.slice(0, 3).join('; ')}`);
    else this.#result.restored++;
  }

  #harm(what: string): void {
    this.#result.harm.push(`seed ${this.#seed}, boot ${this.#boots}: ${what}`);
  }

  /** A new process after a new start of the machine. */
  #boot(disk: CrashFileSystem): OpenEngine {
    const boot = `boot ${++this.#boots}`;
    const files = this.#alter(disk);
    const host = { ...testHost(), boot };
    const { machine, pidNamespace, pid, pidStart } = host;
    const identity = { machine, boot, pidNamespace, pid, pidStart };
    const store = new LocalStore(ROOT, { identity, files });
    return engineOn({ store, clock: this.#clock, random: this.#random, host, folder: this.#folder, files });
  }
}

async function rootIsThere(disk: CrashFileSystem): Promise<boolean> {
  return disk.lstat(ROOT).then(
    () => true,
    () => false,
  );
}
