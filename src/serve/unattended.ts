import type { Buttons } from '../bot/chat/buttons.ts';
import type { Platform } from '../bot/platform.ts';
import type { LogLine } from '../bot/platform-options.ts';
import type { Config } from '../config/config.ts';
import { isUnasked, type JobRunner } from '../jobs/job-runner.ts';
import type { RunDesk } from '../jobs/run-desk.ts';
import { daysUntil } from '../jobs/watch/forecast.ts';
import type { EventSink, HappenedEvent } from '../notify/event.ts';
import { createNewsFilter } from '../notify/news-filter.ts';
import { Notifier } from '../notify/notifier.ts';
import type { JobRecord } from '../state/document.ts';
import type { State } from '../state/state.ts';
import { openRuns, type RunsOptions } from './open-runs.ts';
import { PlatformChats } from './platform-chats.ts';

export interface UnattendedOptions extends Omit<RunsOptions, 'config' | 'sink' | 'onWarning'> {
  config: RunsOptions['config'] & Pick<Config, 'routes'>;
  state: State;
  runner: JobRunner;
  buttons: Buttons;
  log: (line: LogLine) => void;
  /** Nothing begins by itself: it is opened for one command of a command line. */
  forOneCommand?: boolean;
  /** Hears all that happens, before anybody is told. */
  onHappened?: (event: HappenedEvent) => void;
}

/** What runs by itself, wired. */
export interface UnattendedParts extends RunDesk {
  readonly sink: EventSink;
  readonly notifier: Notifier;
  /** A platform has come: what waited for it is delivered. */
  joined(platform: Platform): void;
  /** Tells of jobs that an earlier process left open and that no chat is told about. */
  tellInterrupted(untold: readonly JobRecord[]): Promise<void>;
  stop(): void;
}

export function openUnattended(options: UnattendedOptions): UnattendedParts {
  const { runner, log } = options;
  const chats = new PlatformChats(options.buttons);
  const onWarning = (message: string): void => log({ level: 'warning', message });
  const notifier = new Notifier({ ...options, chats, forecast: daysUntil, onWarning });
  const isNews = createNewsFilter();
  const sink: EventSink = {
    happened(event) {
      options.onHappened?.(event);
      if (isNews(event)) notifier.happened(event);
    },
  };
  const { desk, watching } = openRuns({ ...options, sink, onWarning });
  if (options.forOneCommand !== true) {
    notifier.start();
    watching.start();
  }
  return {
    ...desk,
    sink,
    notifier,
    joined(platform) {
      chats.add(platform);
      notifier.wake();
    },
    stop() {
      watching.stop();
      notifier.stop();
    },
    async tellInterrupted(untold) {
      for (const { id, kind, source } of untold.filter(isUnasked)) {
        sink.happened({ kind: 'interrupted', job: id, what: source === undefined ? kind : `${kind} of ${source}` });
        await runner.told(id);
      }
    },
  };
}
