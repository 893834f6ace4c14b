import type { OperationContext } from '../backup/ports.ts';
import type { BackupResult, Trigger } from '../backup/types.ts';
import type { ScheduleClass } from '../config/unattended-schema.ts';
import type { StoredPerson } from '../state/people.ts';

export interface SourceRunRequest {
  /** Name of a configured source. */
  source: string;
  trigger: Trigger;
  /** Schedules that this run satisfies; none where somebody asked. */
  classes: readonly ScheduleClass[];
  tags: readonly string[];
  /** Read every file again. */
  force?: boolean;
  /** When it was due, ISO 8601, where a schedule asked. */
  due?: string;
  who: StoredPerson;
  /** ID of the job that it runs in. */
  job: string;
}

/**
 * How a configured source is backed up, whoever asks: hooks before and after, limits of rate and time, the cap, retries of what may pass by itself, the record in the
 * history, and the event that tells how it ended.
 *
 * @throws HoldfastError of the backup; `command_failed` where the hook before failed; `storage_full` at the cap; `timed_out`
 */
export interface SourceRuns {
  run(request: SourceRunRequest, context: OperationContext): Promise<BackupResult>;
}
