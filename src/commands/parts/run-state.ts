import type { RunControl } from '../../jobs/run-desk.ts';
import type { RunRecord } from '../../state/unattended-records.ts';

/** What the history adds to what the snapshots tell of a source. */
export interface RunState {
  held: boolean;
  /** When it was tried last, where no snapshot came of it since. */
  failedAt: string | null;
  error: string | null;
}

const FAILED: readonly RunRecord['status'][] = ['failed', 'interrupted'];

/** `lastGood` is the time of the newest good snapshot. */
export function runState(source: string, lastGood: string | null, runs: RunControl | undefined): RunState {
  const ended = runs?.history.of(source).findLast(({ status }) => status !== 'running');
  const failed = ended !== undefined && FAILED.includes(ended.status) && ended.started > (lastGood ?? '');
  return {
    held: runs?.holds.isHeld(source) ?? false,
    failedAt: failed ? ended.started : null,
    error: failed ? (ended.error?.message ?? null) : null,
  };
}
