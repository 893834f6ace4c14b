import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../helpers/seeded-random.ts';
import { canMount, type DiskSort, fillDisks, limitFiles } from '../soak/full-disks.ts';
import { inFull, report, scaled, soakSeed, tell } from '../soak/scale.ts';

const LEAVES = scaled([0], [0, 0, 4096, 70_000, 300_000, 1_000_000, 2_500_000]);
const LIMITS_KIB = scaled([40], [0, 1, 4, 40, 200, 500, 1500]);
const TIME_MS = inFull ? 3_600_000 : 180_000;

describe('a full disk', () => {
  it.each<DiskSort>(scaled(['tmpfs'], ['tmpfs', 'ext4']))(
    '(%s) refuses backups with 14 and loses nothing; forget and prune make room again',
    async (sort) => {
      if (!canMount(sort)) {
        report?.(`${sort} cannot be mounted here: only the superuser may`);
        expect(process.getuid?.() === 0 && process.env.CI !== undefined).toBe(false);
        return;
      }
      const seed = soakSeed(`full ${sort}`);
      const result = await fillDisks({ random: new SeededRandom(seed), sort, leaves: LEAVES, report });
      tell(`full ${sort}`, result);
      expect({ seed, harm: result.harm }).toEqual({ seed, harm: [] });
      expect(result.refused).toBe(2 * LEAVES.length);
    },
    TIME_MS,
  );

  it(
    'of which a limit on the size of files is one, stops a backup clearly, wherever it fails',
    async () => {
      const seed = soakSeed('limits');
      const result = await limitFiles(new SeededRandom(seed), LIMITS_KIB);
      tell('limits', result);
      expect({ seed, harm: result.harm }).toEqual({ seed, harm: [] });
      expect(result.refused).toBeGreaterThan(0);
    },
    TIME_MS,
  );
});
