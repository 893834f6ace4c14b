import type { JobRunner } from '../../jobs/job-runner.ts';
import type { JobRecord } from '../../state/document.ts';
import type { Platform } from '../platform.ts';
import { endView } from './words.ts';

/** Tells in the channels that they came from how jobs ended whose end nobody has been told. What cannot be delivered is tried at the next start. */
export async function reportEnded(jobs: readonly JobRecord[], platform: Platform, runner: JobRunner): Promise<void> {
  for (const job of jobs.filter(({ where }) => where.platform === platform.name)) {
    try {
      // What still says "running" must not; the news is a message of its own, because nobody watches an old one.
      if (job.message !== undefined) await platform.edit(job.message, endView(job)).catch(() => {});
      await platform.post(job.where.channel, endView(job), { key: `ended ${job.id}` });
      await runner.told(job.id);
    } catch {
      // The platform has retried for as long as makes sense.
    }
  }
}
