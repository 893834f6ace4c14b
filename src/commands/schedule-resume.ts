import { good, stack } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { required } from './field.ts';
import { setEnabled } from './parts/pause-schedules.ts';
import { whichFields } from './parts/schedule-fields.ts';
import { SCHEDULES_JSON } from './parts/schedule-json.ts';
import { scheduleTable } from './parts/schedule-view.ts';

export const scheduleResume = defineCommand({
  name: 'schedule resume',
  summary: 'Back a source up by itself again',
  chat: {
    details: ['Without a class all schedules of the source are resumed.'],
    examples: ['schedule resume app', 'schedule resume app hourly'],
  },
  input: { source: required(whichFields.source), class: whichFields.class },
  access: 'owner',
  destructive: false,
  json: SCHEDULES_JSON,
  run: (context, given) => setEnabled(context, given, true),
  present: ({ schedules }) => stack(good('Resumed'), scheduleTable(schedules)),
});
