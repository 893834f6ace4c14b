import type { Buttons } from '../bot/chat/buttons.ts';
import type { Platform } from '../bot/platform.ts';
import type { LogLine } from '../bot/platform-options.ts';
import type { Config } from '../config/config.ts';
import { Holds } from '../jobs/holds.ts';
import { isUnasked, type JobRunner } from '../jobs/job-runner.ts';
import { RunHistory } from '../jobs/run-history.ts';
import type { EventSink, HappenedEvent } from '../notify/event.ts';
import { Notifier } from '../notify/notifier.ts';
import type { Clock } from '../shared/clock.ts';
import type { RandomSource } from '../shared/random.ts';
import type { JobRecord } from '../state/document.ts';
import type { State } from '../state/state.ts';
import { PlatformChats } from './platform-chats.ts';

export interface UnattendedOptions {
  config: Pick<Config, 'sources' | 'routes' | 'unattended'>;
  state: State;
  runner: JobRunner;
  buttons: Buttons;
  clock: Clock;
  random: RandomSource;
  log: (line: LogLine) => void;
  /** Hears all that happens, before anybody is told. */
  onHappened?: (event: HappenedEvent) => void;
}

/** What runs by itself, wired. */
export interface UnattendedParts {
  readonly history: RunHistory;
  readonly holds: Holds;
  readonly sink: EventSink;
  readonly notifier: Notifier;
  /** A platform has come: what waited for it is delivered. */
  joined(platform: Platform): void;
  /** Tells of jobs that an earlier process left open and that no chat is told about. */
  tellInterrupted(untold: readonly JobRecord[]): Promise<void>;
  stop(): void;
}

export function openUnattended(options: UnattendedOptions): UnattendedParts {
  const { state, runner, log } = options;
  const chats = new PlatformChats(options.buttons);
  const notifier = new Notifier({ ...options, chats, onWarning: (message) => log({ level: 'warning', message }) });
  const sink: EventSink = {
    happened(event) {
      options.onHappened?.(event);
      notifier.happened(event);
    },
  };
  notifier.start();
  return {
    history: new RunHistory(state),
    holds: new Holds(state),
    sink,
    notifier,
    joined(platform) {
      chats.add(platform);
      notifier.wake();
    },
    stop: () => notifier.stop(),
    async tellInterrupted(untold) {
      for (const { id, kind, source } of untold.filter(isUnasked)) {
        sink.happened({ kind: 'interrupted', job: id, what: source === undefined ? kind : `${kind} of ${source}` });
        await runner.told(id);
      }
    },
  };
}
