import type { LogLine } from '../bot/platform-options.ts';
import { Holds } from '../jobs/holds.ts';
import { isUnasked, type JobRunner } from '../jobs/job-runner.ts';
import { RunHistory } from '../jobs/run-history.ts';
import type { EventSink } from '../notify/event.ts';
import type { JobRecord } from '../state/document.ts';
import type { State } from '../state/state.ts';

export interface UnattendedOptions {
  state: State;
  runner: JobRunner;
  log: (line: LogLine) => void;
}

/** What runs by itself, wired. */
export interface UnattendedParts {
  readonly history: RunHistory;
  readonly holds: Holds;
  readonly sink: EventSink;
  /** Tells of jobs that an earlier process left open and that no chat is told about. */
  tellInterrupted(untold: readonly JobRecord[]): Promise<void>;
}

export function openUnattended({ state, runner, log }: UnattendedOptions): UnattendedParts {
  const sink: EventSink = {
    happened: (event) => log({ level: 'info', message: `happened: ${JSON.stringify(event)}` }),
  };
  return {
    history: new RunHistory(state),
    holds: new Holds(state),
    sink,
    async tellInterrupted(untold) {
      for (const { id, kind, source } of untold.filter(isUnasked)) {
        sink.happened({ kind: 'interrupted', job: id, what: source === undefined ? kind : `${kind} of ${source}` });
        await runner.told(id);
      }
    },
  };
}
