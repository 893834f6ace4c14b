import type { ScheduleInfo } from '../jobs/schedules/schedule-desk.ts';
import { formatDayWindow } from '../shared/day-window.ts';
import { stack, warning } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { required } from './field.ts';
import { findSchedules, requireSchedules } from './parts/schedule-control.ts';
import { whichFields } from './parts/schedule-fields.ts';
import { SCHEDULES_JSON } from './parts/schedule-json.ts';
import { type ScheduleResult, withWords } from './parts/schedule-view.ts';

/** What makes it again as it was. */
function undo({ source, class: name, cron, timeZone, jitterMs, window, missed }: ScheduleInfo): string {
  const more = [
    `--time-zone ${timeZone}`,
    ...(jitterMs > 0 ? [`--jitter ${jitterMs}ms`] : []),
    ...(window === null ? [] : [`--window ${formatDayWindow(window)}`]),
    `--missed ${missed}`,
  ];
  return `schedule add ${source} ${name} "${cron}" ${more.join(' ')}`;
}

export const scheduleDelete = defineCommand({
  name: 'schedule delete',
  summary: 'Never back a source up hourly, daily, weekly or monthly by itself again',
  chat: {
    details: ['It lasts until the configuration says something new of this schedule. Backups that were made stay.'],
    examples: ['schedule delete app monthly'],
  },
  input: { source: required(whichFields.source), class: required(whichFields.class) },
  access: 'owner',
  destructive: false,
  json: SCHEDULES_JSON,
  async run(context, { source, class: name }): Promise<{ schedules: ScheduleResult[] }> {
    const control = requireSchedules(context);
    const meant = findSchedules(control, { source, class: name });
    await control.set(source, name, null);
    return { schedules: meant.map(withWords) };
  },
  present: ({ schedules }) =>
    stack(
      ...schedules.flatMap((schedule) => [
        warning(`Deleted the ${schedule.class} schedule of ${schedule.source}: ${schedule.words}`),
        { kind: 'action' as const, label: 'Undo', command: undo(schedule) },
      ]),
    ),
});
