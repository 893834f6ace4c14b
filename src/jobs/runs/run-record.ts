import type { BackupResult } from '../../backup/types.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { onOneLine } from '../../shared/printable.ts';
import type { RunError, RunRecord } from '../../state/unattended-records.ts';
import { isStopped } from '../job-runner.ts';
import type { SourceRunRequest } from '../source-runs.ts';

/** A run that begins. */
export function begunRun({ job, source, trigger, classes, who }: SourceRunRequest, started: string): RunRecord {
  return {
    id: job,
    source,
    kind: 'files',
    trigger,
    classes: [...classes],
    who,
    status: 'running',
    started,
    ended: null,
    snapshot: null,
    bytes: 0,
    read: 0,
    added: 0,
    stored: 0,
    files: { new: 0, changed: 0, unmodified: 0, unreadable: 0 },
    warnings: 0,
    error: null,
  };
}

/** What a backup that was taken changes about it. */
export function takenRun(result: BackupResult): Partial<RunRecord> {
  const warnings = result.warnings.length;
  return {
    status: warnings > 0 || result.unreadable > 0 ? 'completed_with_warnings' : 'completed',
    snapshot: result.snapshot,
    bytes: result.bytes,
    read: result.bytesRead,
    added: result.bytesAdded,
    stored: result.bytesStored,
    files: { ...result.files, unreadable: result.unreadable },
    warnings,
  };
}

/** And what a failure does. `asked` is the signal of whoever asked: a run that was stopped by them has not failed.
 * `scrub` takes secrets out: what a record says is kept. */
export function failedRun(
  error: unknown,
  phase: string,
  { asked, scrub }: { asked: AbortSignal | undefined; scrub: (text: string) => string },
): Partial<RunRecord> {
  const stopped = asked?.aborted === true;
  const status = !stopped ? 'failed' : isStopped(asked.reason) ? 'interrupted' : 'cancelled';
  const { message, advice, ...rest } = errorIn(phase, error);
  return { status, error: { ...rest, message: scrub(message), advice: advice && scrub(advice) } };
}

/** Its message in one line: messages, lists and pages show it in one. */
export function errorIn(phase: string, error: unknown): RunError {
  const message = onOneLine(error instanceof Error ? error.message : String(error));
  if (error instanceof HoldfastError) return { code: error.code, message, advice: error.advice ?? null, phase };
  return { code: 'internal', message, advice: null, phase };
}
