import { type JobRunner, type JobStart, NOWHERE } from './job-runner.ts';
import type { SourceRunRequest, SourceRuns } from './source-runs.ts';

const SCHEDULE = { platform: NOWHERE.platform, id: 'schedule', name: 'schedule' };

/** Backs up a source as a job that nobody waits for, or gives the job that works on the source already. */
export function startSourceRun(
  runner: JobRunner,
  runs: SourceRuns,
  request: Omit<SourceRunRequest, 'who' | 'job' | 'trigger'>,
): JobStart {
  const { source } = request;
  return runner.start({ kind: 'backup', source, who: SCHEDULE, where: NOWHERE }, async (job) => {
    const asked = { ...request, trigger: 'schedule', who: SCHEDULE, job: job.record.id } as const;
    const { snapshot, unreadable } = await runs.run(asked, {
      signal: job.signal,
      onProgress: ({ phase, bytes, totalBytes }) => job.progress(phase, share(bytes, totalBytes)),
    });
    const state = unreadable > 0 ? 'completed_with_warnings' : 'completed';
    return { state, result: `Backed up ${source} as snapshot ${snapshot.slice(0, 8)}` };
  });
}

function share(done: number | undefined, total: number | undefined): number | undefined {
  return done === undefined || !total ? undefined : Math.min(done / total, 1);
}
