import type { Engine } from '../../backup/engine.ts';
import type { OperationContext } from '../../backup/ports.ts';
import type { Unattended } from '../../config/unattended.ts';
import type { EventSink } from '../../notify/event.ts';
import type { Holds } from '../holds.ts';
import { type JobRunner, NOWHERE } from '../job-runner.ts';
import type { RunHistory } from '../run-history.ts';
import { errorIn } from '../runs/run-record.ts';
import type { RunEnd, ScheduledTask } from '../schedules/scheduler.ts';
import { forgetByRules } from './forget.ts';
import { pruneUnneeded } from './prune.ts';
import { verifySample } from './verify.ts';

export interface MaintenanceParts {
  unattended: Pick<Unattended, 'sources' | 'timeZone' | 'maintenance'>;
  runner: JobRunner;
  holds: Holds;
  history: RunHistory;
  events: EventSink;
  /** A repository for one job, which closes it. */
  openEngine: () => Promise<{ engine: Engine; close(): Promise<void> }>;
}

type Task = 'forget' | 'prune' | 'verify';

const SCHEDULE = { platform: NOWHERE.platform, id: 'schedule', name: 'schedule' };

/** Forget, prune and verify on the schedules of the configuration, one at a time, each as a job. */
export function maintenanceTasks(parts: MaintenanceParts): ScheduledTask[] {
  const { unattended, holds } = parts;
  const { timeZone, maintenance } = unattended;
  const { graceMs } = maintenance;
  const works: Record<Task, (engine: Engine, context: OperationContext) => Promise<string>> = {
    forget: async (engine, context) => {
      await adoptHolds(engine, parts);
      return forgetByRules(engine, parts, context);
    },
    prune: async (engine, context) => {
      await adoptHolds(engine, parts);
      return pruneUnneeded(engine, { holds, graceMs }, context);
    },
    verify: verifySample,
  };
  return (Object.keys(works) as Task[]).flatMap((name) => {
    const cron = maintenance[name];
    if (cron === undefined) return [];
    return [{ name, lane: 'maintenance', cron, timeZone, begin: () => runTask(parts, name, works[name]) }];
  });
}

/** The state may have been lost since the repository was last looked at: what is held is known there too. */
async function adoptHolds(engine: Pick<Engine, 'list'>, { holds, unattended }: MaintenanceParts): Promise<void> {
  await holds.adopt(await engine.list(), Object.keys(unattended.sources));
}

async function runTask(
  { runner, events, openEngine }: MaintenanceParts,
  task: Task,
  work: (engine: Engine, context: OperationContext) => Promise<string>,
): Promise<RunEnd> {
  const start = runner.start({ kind: task, source: undefined, who: SCHEDULE, where: NOWHERE }, async (job) => {
    let phase = 'opening the repository';
    try {
      const { engine, close } = await openEngine();
      phase = task;
      try {
        const onProgress: OperationContext['onProgress'] = (event) => {
          phase = event.phase;
          job.progress(phase, undefined);
        };
        const result = await work(engine, { signal: job.signal, onProgress });
        events.happened({ kind: 'maintenance_done', task, summary: result });
        return { state: 'completed', result };
      } finally {
        await close();
      }
    } catch (error) {
      // Whoever cancelled it knows.
      if (!job.signal.aborted) events.happened({ kind: 'maintenance_failed', task, error: errorIn(phase, error) });
      throw error;
    }
  });
  if ('running' in start) return 'given up';
  return (await start.ended).state === 'interrupted' ? 'given up' : 'ended';
}
