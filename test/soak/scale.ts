import { testSeed } from '../helpers/seeded-random.ts';

/** `npm run soak` runs the scenarios in full; the usual tests run the same ones for as long as they can afford. */
export const inFull = process.env.HOLDFAST_SOAK === '1';

export function scaled<T>(usual: T, full: T): T {
  return inFull ? full : usual;
}

/** Also printed, so that it can be given again as HOLDFAST_SEED. */
export function soakSeed(what: string): number {
  const seed = testSeed();
  process.stderr.write(`${what}: HOLDFAST_SEED=${seed}\n`);
  return seed;
}

/** One line a round, where somebody watches. */
export const report = inFull ? (line: string): void => void process.stderr.write(`${line}\n`) : undefined;

/** The figures, for whoever ran it in full. */
export function tell(what: string, result: object): void {
  if (inFull) process.stderr.write(`${what}: ${JSON.stringify(result)}\n`);
}
