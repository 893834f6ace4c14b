import { jobName } from '../bot/chat/words.ts';
import type { LogLine } from '../bot/platform-options.ts';
import { isUnasked } from '../jobs/job-runner.ts';
import type { JobRecord, JobState } from '../state/document.ts';

const LEVELS: Readonly<Partial<Record<JobState, LogLine['level']>>> = {
  completed_with_warnings: 'warning',
  interrupted: 'warning',
  failed: 'error',
};

const contextOf = (job: JobRecord): Partial<LogLine> => ({
  job: job.id,
  source: job.source,
  platform: isUnasked(job) ? undefined : job.where.platform,
});

export function begunLine(job: JobRecord): LogLine {
  return { level: 'info', message: `Job ${job.id} begins: ${jobName(job)}`, ...contextOf(job) };
}

export function endedLine(job: JobRecord): LogLine {
  const { id, state, result } = job;
  const level = LEVELS[state] ?? 'info';
  return { level, message: `Job ${id} ended as ${state}: ${jobName(job)}: ${result}`, ...contextOf(job) };
}
