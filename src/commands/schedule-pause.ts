import { good, stack } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { required } from './field.ts';
import { setEnabled } from './parts/pause-schedules.ts';
import { whichFields } from './parts/schedule-fields.ts';
import { SCHEDULES_JSON } from './parts/schedule-json.ts';
import { scheduleTable } from './parts/schedule-view.ts';

export const schedulePause = defineCommand({
  name: 'schedule pause',
  summary: 'Stop backing a source up by itself, for a while',
  chat: {
    details: ['Without a class all schedules of the source are paused. What is due meanwhile is not caught up.'],
    examples: ['schedule pause app', 'schedule pause app hourly'],
  },
  input: { source: required(whichFields.source), class: whichFields.class },
  access: 'owner',
  destructive: false,
  json: SCHEDULES_JSON,
  run: (context, given) => setEnabled(context, given, false),
  present: ({ schedules }) =>
    stack(good('Paused'), scheduleTable(schedules), {
      kind: 'action',
      label: 'Resume',
      command: `schedule resume ${schedules[0]?.source ?? ''}${schedules.length === 1 ? ` ${schedules[0]?.class}` : ''}`,
    }),
});
