import { describe, expect, it } from 'vitest';
import { rememberScrypt } from '../helpers/remember-scrypt.ts';
import { damageRepositories } from '../soak/damage.ts';
import { inFull, scaled, soakSeed, tell } from '../soak/scale.ts';

rememberScrypt();

const TRIALS = scaled(7, 2000);

describe('a flipped bit, a truncation, a deletion, or a swap of two objects, anywhere in a repository', () => {
  it(
    `never restores a wrong byte, is named with the files affected, and leaves everything else, over ${TRIALS} seeds`,
    async () => {
      const first = soakSeed('damage, first seed');
      const result = await damageRepositories({
        seeds: Array.from({ length: TRIALS }, (_, number) => first + number),
        // Some of it costs more than all the rest.
        parts: (number) => ({ rescue: number % 4 === 0, commands: number % 8 === 3 }),
      });
      tell('damage', result);
      expect({ first, harm: result.harm }).toEqual({ first, harm: [] });
    },
    inFull ? 7_200_000 : 600_000,
  );
});
