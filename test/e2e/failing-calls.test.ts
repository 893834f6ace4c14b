import { describe, expect, it } from 'vitest';
import { failEachCall, type Operation } from '../soak/failing-calls.ts';
import { inFull, scaled, soakSeed, tell } from '../soak/scale.ts';
import { stopWriterEverywhere } from '../soak/stopped-writer.ts';

const TIME_MS = inFull ? 3_600_000 : 180_000;

describe('a store of which one call fails', () => {
  const operations: Operation[] = ['backup', 'forget and prune'];
  it.each(operations)(
    'at any moment of %s, keeps what was reported, and the next run works',
    async (operation) => {
      const seed = soakSeed(`failing calls of ${operation}`);
      for (const when of ['before', 'after'] as const) {
        for (const thenDead of [false, true]) {
          const result = await failEachCall(operation, when, {
            seed,
            thenDead,
            step: scaled(operation === 'backup' ? 5 : 17, 1),
          });
          tell(`${operation}, failing ${when}${thenDead ? ', then dead' : ''}`, result);
          expect({ seed, harm: result.harm }).toEqual({ seed, harm: [] });
          expect(result.calls).toBeGreaterThan(20);
        }
      }
    },
    TIME_MS,
  );
});

describe('a writer that is stopped past its lease and goes on', () => {
  it(
    'reports only what restores, wherever it was stopped, although all that it leaned on was deleted meanwhile',
    async () => {
      const seed = soakSeed('stopped writer');
      const result = await stopWriterEverywhere(seed, scaled(4, 1));
      tell('stopped writer', result);
      expect({ seed, harm: result.harm }).toEqual({ seed, harm: [] });
      expect(result.stops).toBeGreaterThan(scaled(5, 25));
      expect(result.reported).toBeGreaterThan(0);
      expect(result.deletedPacks).toBeGreaterThan(result.stops);
    },
    TIME_MS,
  );
});
