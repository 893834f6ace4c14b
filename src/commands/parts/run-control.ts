import type { RunControl } from '../../jobs/run-desk.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { CommandContext } from '../command.ts';

/** @throws HoldfastError `usage` where no bot runs */
export function requireRuns({ runs }: CommandContext): RunControl {
  if (runs !== undefined) return runs;
  throw new HoldfastError('usage', 'Only a running bot knows of runs', { advice: 'Start one with `holdfast serve`.' });
}
