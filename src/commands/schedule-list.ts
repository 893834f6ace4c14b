import { SCHEDULE_CLASSES } from '../config/unattended-schema.ts';
import { stack, type View } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { choice, text } from './field.ts';
import { requireSchedules, requireSource } from './parts/schedule-control.ts';
import { SCHEDULES_JSON } from './parts/schedule-json.ts';
import { type ScheduleResult, scheduleDetails, scheduleTable, withWords } from './parts/schedule-view.ts';

/** So few are shown with all that there is to say of them. */
const MOST_DETAILED = 1;

function present({ schedules }: { schedules: ScheduleResult[] }): View {
  if (schedules.length === 0 || schedules.length > MOST_DETAILED) return scheduleTable(schedules);
  return stack(...schedules.map(scheduleDetails));
}

export const scheduleList = defineCommand({
  name: 'schedule list',
  summary: 'List when each source is backed up, and where that is said',
  chat: {
    details: ['With a source and a class it tells all of that schedule, with the next five runs.'],
    examples: ['schedule list', 'schedule list app daily'],
  },
  input: {
    source: text('Only of this source', { position: 'SOURCE', completes: 'source' }),
    class: choice('Only this class', SCHEDULE_CLASSES, { position: 'CLASS' }),
  },
  access: 'owner',
  destructive: false,
  json: SCHEDULES_JSON,
  async run(context, { source, class: name }): Promise<{ schedules: ScheduleResult[] }> {
    const control = requireSchedules(context);
    if (source !== undefined) requireSource(control, source);
    const meant = control
      .list()
      .filter((one) => (source === undefined || one.source === source) && (name === undefined || one.class === name));
    return { schedules: meant.map(withWords) };
  },
  present,
});
