import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenEngine } from '../../src/backup/open-engine.ts';
import type { Store } from '../../src/backup/ports.ts';
import { MemoryStore } from '../../src/backup/stores/memory.ts';
import { compareFacts, readTree, type TreeFacts } from '../helpers/compare-trees.ts';
import { ManualClock } from '../helpers/manual-clock.ts';
import { testHost } from '../helpers/repository/test-repository.ts';
import { SeededRandom } from '../helpers/seeded-random.ts';
import { engineOn } from './engine-on.ts';
import { changeTree, makeTree, type TreeShape } from './random-tree.ts';

const SHAPE: TreeShape = { files: 8, maxBytes: 10_000, large: 1, largeBytes: 400_000 };

/** A repository in memory with two snapshots that share some of their content; cheap to make again exactly as it was. */
export class MemoryScene {
  readonly objects = new Map<string, Buffer>();
  readonly random: SeededRandom;
  readonly clock = new ManualClock();
  readonly reported = new Map<string, TreeFacts>();
  readonly folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'holdfast-scene-'));
  readonly source = join(this.folder, 'source');
  #engines = 0;
  #restores = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    makeTree(this.source, this.random, SHAPE);
  }

  static async make(seed: number): Promise<MemoryScene> {
    const scene = new MemoryScene(seed);
    const engine = scene.engine();
    for (let number = 0; number < 2; number++) {
      await scene.backup(engine);
      scene.change();
      await scene.clock.advance(1000);
    }
    await engine.close();
    return scene;
  }

  change(): void {
    changeTree(this.source, this.random, SHAPE, 3);
  }

  /** What a process of a host of its own opens: nobody can tell whether it lives. `wrap` may harm its store. */
  engine(wrap: (store: Store) => Store = (store) => store, clock = this.clock): OpenEngine {
    const store = wrap(new MemoryStore(this.objects));
    const host = testHost(`host ${this.#engines++}`);
    return engineOn({ store, clock, random: this.random, host, folder: this.folder });
  }

  async backup(engine: OpenEngine): Promise<string> {
    const facts = readTree(this.source);
    const { snapshot } = await engine.backup({ paths: [this.source] });
    this.reported.set(snapshot, facts);
    return snapshot;
  }

  /** What of the reported cannot be had again, in words. */
  async harm(): Promise<string[]> {
    const engine = this.engine();
    const harm: string[] = [];
    const listed = new Map((await engine.list()).map(({ id, status }) => [id, status]));
    for (const [id, facts] of this.reported) {
      const target = join(this.folder, `restored-${this.#restores++}`);
      if (listed.get(id) !== 'completed') harm.push(`${id.slice(0, 8)} is ${listed.get(id) ?? 'not listed'}`);
      else {
        try {
          await engine.restore({ snapshot: id, to: target, apply: true });
          harm.push(...compareFacts(facts, readTree(target)));
        } catch (error) {
          harm.push(`${id.slice(0, 8)}: ${error instanceof Error ? error.message : error}`);
        }
        rmSync(target, { recursive: true, force: true });
      }
    }
    await engine.close();
    return harm;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
