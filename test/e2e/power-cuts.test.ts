import { describe, expect, it } from 'vitest';
import { skipSyncs } from '../helpers/altered-file-system.ts';
import { cutPower } from '../soak/power-cuts.ts';
import { inFull, scaled, soakSeed, tell } from '../soak/scale.ts';

const SEEDS = scaled(8, 500);

describe('a power cut at a random call, on a file system that drops what was not synced', () => {
  it(
    `leaves every reported snapshot restorable, over ${SEEDS} seeds`,
    async () => {
      const first = soakSeed('power cuts, first seed');
      const result = await cutPower(Array.from({ length: SEEDS }, (_, number) => first + number));
      tell('power cuts', result);
      expect({ first, harm: result.harm }).toEqual({ first, harm: [] });
      expect(result.restored).toBeGreaterThan(SEEDS);
      expect(result.prunesThatDeleted).toBeGreaterThan(SEEDS / 10);
    },
    inFull ? 3_600_000 : 180_000,
  );

  it('is noticed by this test where packs are not synced', async () => {
    let harmed = 0;
    for (let seed = 0; seed < 20 && harmed === 0; seed++) {
      harmed = (await cutPower([seed], (files) => skipSyncs(files, (path) => /\/pack-[^/]*$/.test(path)))).harm.length;
    }
    expect(harmed).toBeGreaterThan(0);
  }, 180_000);
});
