import { FaultyStore } from '../../src/backup/stores/faulty.ts';
import { HoldfastError } from '../../src/shared/errors.ts';
import { SeededRandom } from '../helpers/seeded-random.ts';
import { MemoryScene } from './any-store.ts';

export type Operation = 'backup' | 'forget and prune';

/** What repositories that are opened without scrypt do not have in their store. */
const NOT_HERE = /^(?:config|keys|holdfast\.json)/;

/**
 * Lets one call after the other of an operation fail for good, before or after it had its effect, and all calls behind it when `thenDead`. After
 * each, reported snapshots restore, and the next backup, verify and prune work. Gives how many calls there were and what went wrong.
 */
export async function failEachCall(
  operation: Operation,
  when: 'before' | 'after',
  { seed, thenDead = false, step = 1 }: { seed: number; thenDead?: boolean; step?: number },
): Promise<{ calls: number; harm: string[] }> {
  const harm: string[] = [];
  for (let number = 1 + (seed % step); ; number += step) {
    const scene = await MemoryScene.make(seed);
    try {
      const { reached, problem } = await failCall(scene, operation, { number, when, thenDead });
      if (!reached) return { calls: number - 1, harm };
      const left = await scene.harm();
      harm.push(...[...problem, ...left].map((line) => `${operation}, call ${number} ${when}: ${line}`));
    } finally {
      scene.remove();
    }
  }
}

async function failCall(
  scene: MemoryScene,
  operation: Operation,
  failCall: { number: number; when: 'before' | 'after'; thenDead: boolean },
): Promise<{ reached: boolean; problem: string[] }> {
  const problem: string[] = [];
  let faulty: FaultyStore | undefined;
  const engine = scene.engine((store) => {
    faulty = new FaultyStore(store, { failCall, retryable: false }, new SeededRandom(1), scene.clock);
    return faulty;
  });
  const [oldest] = [...scene.reported.keys()];
  try {
    if (operation === 'backup') await scene.backup(engine);
    else {
      scene.reported.delete(oldest as string);
      await engine.forget({ snapshots: [oldest as string] });
      await engine.prune({ graceMs: 0, force: true });
    }
  } catch (error) {
    const clear = error instanceof HoldfastError && error.code !== 'internal';
    if (!clear) problem.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  await engine.close().catch(() => {});
  // A session of a host that nobody knows is waited for until a day has passed.
  await scene.clock.advance(25 * 3600 * 1000);
  const next = scene.engine();
  try {
    scene.change();
    await scene.backup(next);
    // What the failed run left is no damage, not even where the new snapshot leans on it.
    for (const { object, problem: what } of (await next.verify({})).damaged) {
      if (!NOT_HERE.test(object)) problem.push(`verify: ${object}: ${what}`);
    }
    await next.prune({ graceMs: 0, force: true });
  } catch (error) {
    problem.push(`the next run: ${error instanceof Error ? error.message : error}`);
  }
  await next.close();
  return { reached: (faulty as FaultyStore).calls >= failCall.number, problem };
}
