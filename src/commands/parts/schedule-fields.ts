import { SCHEDULE_CLASSES } from '../../config/unattended-schema.ts';
import { parseCron } from '../../shared/cron.ts';
import { type DayWindow, parseDayWindow } from '../../shared/day-window.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { isTimeZone } from '../../shared/zone.ts';
import { choice, duration, type Field, list, text } from '../field.ts';

const POLICIES = ['run_once', 'skip', 'alert'] as const;

/** Five fields, in one word or in five: who types them need not quote them. */
function cron(summary: string): Field<string | undefined> {
  const words = list(summary, { position: 'CRON' });
  return {
    ...words,
    parse: (raw, environment) => {
      const given = words.parse(raw, environment);
      return given.length === 0 ? undefined : parseCron(given.join(' ')).text;
    },
  };
}

function timeZone(summary: string): Field<string | undefined> {
  const name = text(summary, { placeholder: 'ZONE' });
  return {
    ...name,
    parse: (raw, environment) => {
      const given = name.parse(raw, environment);
      if (given === undefined || isTimeZone(given)) return given;
      throw new HoldfastError('usage', `is no time zone: ${JSON.stringify(given)}`, {
        advice: 'Write one such as Europe/Zurich or UTC.',
      });
    },
  };
}

/** Null for none. */
function dayWindow(summary: string): Field<DayWindow | null | undefined> {
  const part = text(summary, { placeholder: 'FROM-TO' });
  return {
    ...part,
    parse: (raw, environment) => {
      const given = part.parse(raw, environment);
      if (given === undefined) return undefined;
      return given.trim().toLowerCase() === 'none' ? null : parseDayWindow(given);
    },
  };
}

/** Which schedule. */
export const whichFields = {
  source: text('Name of the source', { position: 'SOURCE', completes: 'source' }),
  class: choice('Which of its schedules', SCHEDULE_CLASSES, { position: 'CLASS' }),
};

/** How it is. */
export const settingFields = {
  cron: cron('Minute, hour, day, month and weekday, such as 0 2 * * *'),
  timeZone: timeZone('Zone in which it is meant, such as Europe/Zurich'),
  jitter: duration('Begin up to so much later, by chance'),
  window: dayWindow('Begin only in this part of the day, such as 22:00-06:00; none for any time'),
  missed: choice('What becomes of runs that were due while nothing could run', POLICIES),
};
