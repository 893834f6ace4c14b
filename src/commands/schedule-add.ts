import { HoldfastError } from '../shared/errors.ts';
import { good, stack } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { required } from './field.ts';
import { requireSchedules, requireSource } from './parts/schedule-control.ts';
import { settingFields, whichFields } from './parts/schedule-fields.ts';
import { SCHEDULES_JSON } from './parts/schedule-json.ts';
import { type ScheduleResult, scheduleDetails, withWords } from './parts/schedule-view.ts';

export const scheduleAdd = defineCommand({
  name: 'schedule add',
  summary: 'Back a source up by itself, hourly, daily, weekly or monthly',
  chat: {
    details: ['It lasts until the configuration says something new of this schedule.'],
    examples: ['schedule add app monthly 30 4 L * * time-zone:Europe/Zurich window:22:00-06:00'],
  },
  input: {
    source: required(whichFields.source),
    class: required(whichFields.class),
    ...settingFields,
    cron: required(settingFields.cron),
  },
  access: 'owner',
  destructive: false,
  json: SCHEDULES_JSON,
  async run(context, given): Promise<{ schedules: ScheduleResult[] }> {
    const control = requireSchedules(context);
    const { source, class: name, cron, timeZone = control.timeZone, jitter = 0, window, missed = 'run_once' } = given;
    requireSource(control, source);
    if (control.find(source, name) !== undefined) {
      throw new HoldfastError('usage', `${source} has a ${name} schedule already`, {
        advice: 'Change it with schedule edit.',
      });
    }
    const setting = { cron, timeZone, jitterMs: jitter, window: window ?? undefined, missed, enabled: true };
    await control.set(source, name, setting);
    const made = control.find(source, name);
    return { schedules: made === undefined ? [] : [withWords(made)] };
  },
  present: ({ schedules }) => stack(good('Added'), ...schedules.map(scheduleDetails)),
});
