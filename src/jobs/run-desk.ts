import type { OperationContext } from '../backup/ports.ts';
import type { BackupResult } from '../backup/types.ts';
import type { Unattended } from '../config/unattended.ts';
import type { Holds } from './holds.ts';
import type { RunHistory } from './run-history.ts';
import type { SourceRunRequest, SourceRuns } from './source-runs.ts';
import type { StorageWatch } from './watch/storage-watch.ts';

/** What the parts that run by themselves offer to commands. */
export interface RunDesk {
  readonly runs: SourceRuns;
  readonly history: RunHistory;
  readonly holds: Holds;
  readonly storage: StorageWatch;
  readonly unattended: Unattended;
}

/** The same for one command of one person, in the job that it runs in. */
export interface RunControl extends Omit<RunDesk, 'runs'> {
  backup(
    request: Pick<SourceRunRequest, 'source' | 'trigger' | 'tags' | 'force'>,
    context: OperationContext,
  ): Promise<BackupResult>;
}
