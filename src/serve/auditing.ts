import { jobName } from '../bot/chat/words.ts';
import { isUnasked } from '../jobs/job-runner.ts';
import type { HappenedEvent } from '../notify/event.ts';
import { type AuditEntry, HOLDFAST } from '../state/audit-entry.ts';
import type { JobRecord, JobState } from '../state/document.ts';

type NewEntry = Omit<AuditEntry, 'time'>;

const OUTCOMES: Readonly<Partial<Record<JobState, AuditEntry['outcome']>>> = {
  completed: 'completed',
  completed_with_warnings: 'completed',
  cancelled: 'cancelled',
};

const whatOf = (job: JobRecord): string => `job ${job.id}: ${jobName(job)}`;

/** That a job begins which nobody asked for; who asks is noted at the gate. */
export function beginEntry(job: JobRecord): NewEntry | undefined {
  return isUnasked(job) ? { who: job.who, what: whatOf(job), outcome: 'allowed' } : undefined;
}

export function endEntry(job: JobRecord): NewEntry {
  const { who, where, state, result } = job;
  const outcome = OUTCOMES[state] ?? 'failed';
  const place = isUnasked(job) ? undefined : where.channel;
  return { who, where: place, what: whatOf(job), outcome, detail: `${state}: ${result}` };
}

export function hookEntry(source: string, time: string, failure: Error | undefined): NewEntry {
  const outcome = failure === undefined ? 'completed' : 'failed';
  return { who: HOLDFAST, what: `hook ${time} a backup of ${source}`, outcome, detail: failure?.message };
}

/** What happened by itself, besides jobs, that are noted as such. */
export function eventEntry(event: HappenedEvent): NewEntry | undefined {
  const { kind, ...facts } = event;
  if (kind === 'run' || kind === 'interrupted' || kind === 'task_works') return undefined;
  const outcome = /failed|broken|not_started/.test(kind) ? 'failed' : 'noted';
  return { who: HOLDFAST, what: kind.replaceAll('_', ' '), outcome, detail: JSON.stringify(facts) };
}
