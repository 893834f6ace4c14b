import { describe, expect, it } from 'vitest';
import { ProtocolWorld, type WorldOptions } from '../../helpers/repository/protocol-world.ts';
import { RULE_SCENARIOS } from '../../helpers/repository/rule-scenarios.ts';
import { testSeed } from '../../helpers/seeded-random.ts';

/**
 * The protocol of docs/FORMAT.md section 13, step by step: the real code on a store whose listings lag, with stops of any length and deaths
 * at any call. HOLDFAST_SEED replays a run.
 */

const SEED = testSeed();
const WORLDS = 4;
const CONTROL_SEEDS = 5;
const MOST_SEEDS = 150;

async function expectNoViolation(options: WorldOptions): Promise<ProtocolWorld> {
  const world = new ProtocolWorld(options);
  const violations = await world.run();
  const story = violations.length > 0 ? world.simulation.log.slice(-200).join('\n') : '';
  expect(violations, `HOLDFAST_SEED=${SEED}, world ${options.seed}\n${story}`).toEqual([]);
  return world;
}

/** The first of the seeds that shows harm, with the harm; undefined where none does. */
async function findViolation(
  world: Omit<WorldOptions, 'seed'>,
): Promise<{ seed: number; violation: string } | undefined> {
  for (let seed = 1; seed <= MOST_SEEDS; seed++) {
    const [violation] = await new ProtocolWorld({ ...world, seed }).run();
    if (violation !== undefined) return { seed, violation };
  }
  return undefined;
}

describe('writers, collectors and readers at once', () => {
  it.each([
    { name: 'sessions that are respected', blind: false },
    { name: 'sessions that nobody believes in', blind: true },
  ])('lose no reported snapshot, with $name', async ({ blind }) => {
    let deleted = 0;
    // Worlds in which nothing is deleted prove nothing, and one in three is such.
    for (let i = 0; i < WORLDS || (deleted === 0 && i < 5 * WORLDS); i++) {
      deleted += (await expectNoViolation({ seed: SEED + i, blind })).deletedPacks;
    }
    expect(deleted).toBeGreaterThan(0);
  });
});

describe.each(RULE_SCENARIOS)('the rule that $rule', ({ off, offender, world }) => {
  it('keeps every seed from harm', async () => {
    for (let i = 0; i < CONTROL_SEEDS; i++) await expectNoViolation({ ...world, seed: SEED + i });
  });

  it('is needed: without it some seed does harm', async () => {
    const script = [...(world.script ?? []), ...(offender === undefined ? [] : [offender])];
    expect(await findViolation({ ...world, script, rules: off })).toBeDefined();
  });
});
