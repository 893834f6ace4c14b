import type { OpenServices } from '../bot/chat/requests.ts';
import type { LogLine } from '../bot/platform-options.ts';
import type { Config } from '../config/config.ts';
import type { Holds } from '../jobs/holds.ts';
import type { JobRunner } from '../jobs/job-runner.ts';
import { maintenanceTasks } from '../jobs/maintenance/maintenance-tasks.ts';
import type { RunHistory } from '../jobs/run-history.ts';
import { CronTriggers } from '../jobs/schedules/cron-triggers.ts';
import { ScheduleDesk } from '../jobs/schedules/schedule-desk.ts';
import { type DueRun, type RunEnd, Scheduler } from '../jobs/schedules/scheduler.ts';
import { Schedules } from '../jobs/schedules/schedules.ts';
import type { SourceRuns } from '../jobs/source-runs.ts';
import { startSourceRun } from '../jobs/start-source-run.ts';
import type { EventSink } from '../notify/event.ts';
import type { Clock } from '../shared/clock.ts';
import type { State } from '../state/state.ts';

export interface SchedulingOptions {
  config: Pick<Config, 'sources' | 'unattended'>;
  state: State;
  runner: JobRunner;
  runs: SourceRuns;
  holds: Holds;
  history: RunHistory;
  events: EventSink;
  /** Posts the digest of the day. */
  digest: () => void;
  openJobServices: () => Promise<OpenServices>;
  clock: Clock;
  log: (line: LogLine) => void;
}

/** What begins by itself, wired. */
export interface Scheduling {
  readonly desk: ScheduleDesk;
  /** From now on what is due begins; what was missed is found first. */
  start(): Promise<void>;
  /** Begins nothing any more. Resolves when the books know how what ran has ended, which is for others to end. */
  stop(): Promise<void>;
}

export function openScheduling(options: SchedulingOptions): Scheduling {
  const { config, state, events, clock, log, digest } = options;
  const { unattended } = config;
  const onWarning = (message: string): void => log({ level: 'warning', message });
  const schedules = new Schedules({ sources: unattended.sources, state, clock });
  const begin = (run: DueRun): Promise<RunEnd> | undefined => beginRun(options, run);
  const tellDigest = async (): Promise<RunEnd> => {
    digest();
    return 'ended';
  };
  const scheduler = new Scheduler({ state, schedules, clock, events, onWarning, begin });
  for (const task of maintenanceTasks({
    ...options,
    unattended,
    openEngine: () => openEngine(options),
  })) {
    scheduler.addTask(task);
  }
  if (unattended.digest !== undefined) {
    const rule = { cron: unattended.digest, timeZone: unattended.timeZone };
    scheduler.addTask({ ...rule, name: 'digest', lane: 'digest', begin: tellDigest });
  }
  const triggers = new CronTriggers({ rules: () => scheduler.rules, sweep: () => void scheduler.sweep(), clock });
  const { timeZone } = unattended;
  const sources = config.sources.map(({ name }) => name);
  let started = false;
  const onChanged = async (): Promise<void> => {
    // A bot that lives for one command begins nothing: the next one that stays finds the change.
    if (!started) return;
    triggers.follow();
    await scheduler.sweep();
  };
  return {
    desk: new ScheduleDesk({ sources, timeZone, schedules, scheduler, onChanged }),
    async start() {
      started = true;
      for (const message of await schedules.dropOutdated()) onWarning(message);
      triggers.start();
    },
    stop() {
      started = false;
      triggers.stop();
      return scheduler.stop();
    },
  };
}

function beginRun({ runner, runs }: SchedulingOptions, { source, classes, due }: DueRun): Promise<RunEnd> | undefined {
  const start = startSourceRun(runner, runs, { source, classes, due, tags: [] });
  if ('running' in start) return undefined;
  return start.ended.then(({ state }) => (state === 'interrupted' ? 'given up' : 'ended'));
}

async function openEngine({ openJobServices }: SchedulingOptions) {
  const services = await openJobServices();
  try {
    return { engine: await services.repository(), close: () => services.close() };
  } catch (error) {
    await services.close();
    throw error;
  }
}
