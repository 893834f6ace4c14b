import type { Engine } from '../../backup/engine.ts';
import type { OperationContext } from '../../backup/ports.ts';
import { HoldfastError } from '../../shared/errors.ts';

/** Of the packs, each time others: with one verification a week most of a repository is read within a few months. */
const SAMPLE = 0.1;
const NAMED = 3;

/**
 * Looks whether every object is there, and decrypts and hashes a part of the content. Gives the outcome in a line.
 *
 * @throws HoldfastError `damaged` that names what is damaged
 */
export async function verifySample(engine: Pick<Engine, 'verify'>, context: OperationContext): Promise<string> {
  const { damaged, packs, chunks } = await engine.verify({ depth: 'deep', sample: SAMPLE }, context);
  if (damaged.length === 0) return `No damage found in ${packs} packs with ${chunks} chunks`;
  const named = damaged.slice(0, NAMED).map(({ object, problem }) => `${object} ${problem}`);
  const more = damaged.length > NAMED ? ` and ${damaged.length - NAMED} more` : '';
  throw new HoldfastError('damaged', `Damage was found: ${named.join('; ')}${more}`, {
    advice: 'Run verify with depth deep, which names the files that are affected.',
  });
}
