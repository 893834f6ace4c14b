import { Buttons } from '../bot/chat/buttons.ts';
import { JobRunner } from '../jobs/job-runner.ts';
import type { RunbookSetting } from '../runbook/collect.ts';
import type { JobRecord } from '../state/document.ts';
import { beginEntry, endEntry, eventEntry, hookEntry } from './auditing.ts';
import type { BotOptions } from './bot-options.ts';
import type { BotRecords } from './bot-records.ts';
import { begunLine, endedLine } from './job-lines.ts';
import { openScheduling, type Scheduling } from './open-scheduling.ts';
import { RunbookKeeper } from './runbook-keeper.ts';
import { runbookSettingOf } from './runbook-setting.ts';
import { openUnattended, type UnattendedParts } from './unattended.ts';

/** What a bot does, whoever asks for it, and by itself. */
export interface BotWork {
  readonly runner: JobRunner;
  readonly buttons: Buttons;
  readonly unattended: UnattendedParts;
  readonly scheduling: Scheduling;
  readonly runbook: RunbookKeeper;
  readonly runbookSetting: () => RunbookSetting;
}

/** `onJobEnded` hears of every job that has ended. */
export function openWork(options: BotOptions, { state, note }: BotRecords, onJobEnded: () => void): BotWork {
  const { config, services, clock, random, log, scrub } = options;
  const runner = new JobRunner({
    state,
    clock,
    random,
    atOnce: config.unattended.jobs.atOnce,
    scrub,
    onBegun: (job) => {
      note(beginEntry(job));
      log(begunLine(job));
    },
    onEnded: (job) => {
      note(endEntry(job));
      log(endedLine(job));
      onJobEnded();
    },
  });
  const buttons = new Buttons({ state, clock, random });
  const unattended = openUnattended({
    ...options,
    state,
    runner,
    buttons,
    onHappened: (event) => {
      note(eventEntry(event));
      runbook.happened(event);
    },
    onHook: (...hook) => note(hookEntry(...hook)),
  });
  const { sink, notifier } = unattended;
  const runbookSetting = (): RunbookSetting => runbookSettingOf(config, options.version);
  const runbook = new RunbookKeeper({
    setting: runbookSetting,
    repository: () => services.repository(),
    form: config.unattended.storage.trusted ? 'full' : 'reduced',
    folder: config.state,
    clock,
    sink,
  });
  const digest = (): void => notifier.digest();
  const scheduling = openScheduling({ ...options, ...unattended, state, runner, events: sink, digest });
  return { runner, buttons, unattended, scheduling, runbook, runbookSetting };
}

/** What an earlier process left open is interrupted. Gives the jobs whose outcome nobody has been told yet. */
export async function takeUp({ runner, unattended }: BotWork, { note }: BotRecords): Promise<readonly JobRecord[]> {
  await unattended.history.recover();
  const untold = await runner.recover();
  await unattended.tellInterrupted(untold);
  for (const job of untold.filter(({ state }) => state === 'interrupted')) note(endEntry(job));
  return untold;
}
