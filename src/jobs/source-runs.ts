import type { OperationContext } from '../backup/ports.ts';
import type { BackupResult, Trigger } from '../backup/types.ts';
import type { ScheduleClass } from '../config/unattended-schema.ts';

export interface SourceRunRequest {
  /** Name of a configured source. */
  source: string;
  trigger: Trigger;
  /** Schedules that this run satisfies; none where somebody asked. */
  classes: readonly ScheduleClass[];
  tags: readonly string[];
}

/**
 * How a configured source is backed up, whoever asks: hooks before and after, limits of rate and time, the cap, retries of what may pass by itself, the record in the
 * history, and the event that tells how it ended.
 *
 * @throws HoldfastError of the backup; `command_failed` where the hook before failed; `storage_full` at the cap
 */
export interface SourceRuns {
  run(request: SourceRunRequest, context: OperationContext): Promise<BackupResult>;
}
