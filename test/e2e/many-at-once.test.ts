import { expect, it } from 'vitest';
import { workAtOnce } from '../soak/many-at-once.ts';
import { report, scaled, soakSeed, tell } from '../soak/scale.ts';

const LASTS_MS = scaled(6_000, 120_000);

it(
  `four writers and two pruners at once for ${LASTS_MS / 1000} s lose nothing, though some are killed and some stand still`,
  async () => {
    const seed = soakSeed('many at once');
    const result = await workAtOnce({ seed, writers: 4, pruners: 2, lastsMs: LASTS_MS, report });
    tell('many at once', result);
    const { harm, leftovers } = result;
    expect({ seed, harm, leftovers }).toEqual({ seed, harm: [], leftovers: [] });
    expect(result.backups).toBeGreaterThan(3);
    expect(result.prunes).toBeGreaterThan(0);
  },
  LASTS_MS + 180_000,
);
