import type { GoodBackup, UnattendedState } from '../state/unattended-records.ts';

/** The newest good backup of a source that is known: the one that was told last, else what the history says. */
export function lastGoodOf({ lastGood, runs }: UnattendedState, source: string): GoodBackup | undefined {
  const told = lastGood[source];
  if (told !== undefined) return told;
  const run = runs.findLast((one) => one.source === source && one.status.startsWith('completed') && one.ended !== null);
  return run === undefined ? undefined : { at: run.ended ?? run.started, snapshot: run.snapshot, bytes: run.bytes };
}
