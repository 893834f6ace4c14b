import { HoldfastError } from '../../shared/errors.ts';
import type { CommandContext, JobControl } from '../command.ts';

/** @throws HoldfastError `usage` where no bot runs */
export function requireJobs({ jobs }: CommandContext): JobControl {
  if (jobs !== undefined) return jobs;
  throw new HoldfastError('usage', 'Only a running bot has jobs', { advice: 'Start one with `holdfast serve`.' });
}
