import { HoldfastError } from '../shared/errors.ts';
import { good, stack } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { required } from './field.ts';
import { findSchedules, requireSchedules } from './parts/schedule-control.ts';
import { settingFields, whichFields } from './parts/schedule-fields.ts';
import { SCHEDULES_JSON } from './parts/schedule-json.ts';
import { type ScheduleResult, scheduleDetails, withWords } from './parts/schedule-view.ts';

export const scheduleEdit = defineCommand({
  name: 'schedule edit',
  summary: 'Change when a source is backed up',
  chat: {
    details: [
      'What is not given stays as it is. The change lasts until the configuration says something new of this schedule.',
    ],
    examples: ['schedule edit app daily 0 4 * * *', 'schedule edit app hourly jitter:10min window:none'],
  },
  input: { source: required(whichFields.source), class: required(whichFields.class), ...settingFields },
  access: 'owner',
  destructive: false,
  json: SCHEDULES_JSON,
  async run(context, given): Promise<{ schedules: ScheduleResult[] }> {
    const control = requireSchedules(context);
    const { source, class: name, cron, timeZone, jitter, window, missed } = given;
    const [before] = findSchedules(control, { source, class: name });
    if ([cron, timeZone, jitter, window, missed].every((value) => value === undefined)) {
      throw new HoldfastError('usage', 'It is not said what to change', {
        advice: 'Give cron, time zone, jitter, window or missed.',
      });
    }
    if (before === undefined) return { schedules: [] };
    await control.set(source, name, {
      cron: cron ?? before.cron,
      timeZone: timeZone ?? before.timeZone,
      jitterMs: jitter ?? before.jitterMs,
      window: (window === undefined ? before.window : window) ?? undefined,
      missed: missed ?? before.missed,
      enabled: before.enabled,
    });
    return { schedules: findSchedules(control, { source, class: name }).map(withWords) };
  },
  present: ({ schedules }) => stack(good('Changed'), ...schedules.map(scheduleDetails)),
});
