import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../helpers/seeded-random.ts';
import { type KillsResult, killBackups, killPrunes, killRestores } from '../soak/kills.ts';
import { inFull, report, scaled, soakSeed, tell } from '../soak/scale.ts';

const KILLS = scaled(2, 100);
const SHAPE = scaled(
  // Above what is packed without threads.
  { files: 80, maxBytes: 8_000, large: 2, largeBytes: 2_000_000 },
  { files: 300, maxBytes: 12_000, large: 2, largeBytes: 2_000_000 },
);

describe('kill -9 of the whole process group', () => {
  it.each([
    ['backups', killBackups],
    ['forget and prune', killPrunes],
    ['restores onto an existing folder', killRestores],
  ] as const)(
    `${KILLS} times, of %s: nothing reported is lost, the next command works, nothing is left behind`,
    async (what, kill) => {
      const seed = soakSeed(`kills of ${what}`);
      const result: KillsResult = await kill({ random: new SeededRandom(seed), kills: KILLS, shape: SHAPE, report });
      tell(what, result);
      expect({ seed, harm: result.harm, leftovers: result.leftovers }).toEqual({ seed, harm: [], leftovers: [] });
      expect(result.killed).toBe(KILLS);
    },
    inFull ? 3_600_000 : 300_000,
  );
});
