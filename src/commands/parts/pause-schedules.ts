import type { CommandContext } from '../command.ts';
import { findSchedules, requireSchedules } from './schedule-control.ts';
import { type ScheduleResult, withWords } from './schedule-view.ts';

type Which = Parameters<typeof findSchedules>[1];

/** Pauses or resumes one schedule of a source, or all of them. */
export async function setEnabled(
  context: CommandContext,
  which: Which,
  enabled: boolean,
): Promise<{ schedules: ScheduleResult[] }> {
  const control = requireSchedules(context);
  for (const { source, class: name, window, ...setting } of findSchedules(control, which)) {
    const { cron, timeZone, jitterMs, missed } = setting;
    await control.set(source, name, { cron, timeZone, jitterMs, window: window ?? undefined, missed, enabled });
  }
  return { schedules: findSchedules(control, which).map(withWords) };
}
