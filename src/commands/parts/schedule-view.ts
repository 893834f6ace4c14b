import type { Origin } from '../../jobs/schedules/effective.ts';
import type { ScheduleInfo } from '../../jobs/schedules/schedule-desk.ts';
import { parseCron } from '../../shared/cron.ts';
import { cronWords } from '../../shared/cron-words.ts';
import { formatDayWindow } from '../../shared/day-window.ts';
import { openZone } from '../../shared/zone.ts';
import { age, duration, type Value } from '../../view/value.ts';
import type { View } from '../../view/view.ts';

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** A schedule as JSON has it: with its expression in words. */
export interface ScheduleResult extends ScheduleInfo {
  words: string;
}

export const withWords = (schedule: ScheduleInfo): ScheduleResult => ({
  ...schedule,
  words: cronWords(parseCron(schedule.cron)),
});

/** One a line. */
export function scheduleTable(schedules: readonly ScheduleResult[]): View {
  return {
    kind: 'table',
    columns: [
      { title: 'Source' },
      { title: 'Class' },
      { title: 'When' },
      { title: 'Next' },
      { title: 'From' },
      { title: 'Cron', minor: true },
    ],
    rows: schedules.map((schedule) => [
      schedule.source,
      schedule.class,
      schedule.words,
      schedule.enabled ? nextOf(schedule) : 'paused',
      shortOrigin(schedule.origin),
      schedule.cron,
    ]),
    empty: 'Nothing is backed up by itself.',
  };
}

/** All of one, with its next runs. */
export function scheduleDetails(schedule: ScheduleResult): View {
  const { source, class: name, words, cron, timeZone, jitterMs, window, missed, enabled, origin } = schedule;
  const fields: [string, Value | readonly Value[]][] = [
    ['Schedule', `${source} ${name}`],
    ['When', `${words} (${cron}, ${timeZone})`],
    ...(jitterMs > 0 ? [['Jitter', ['up to ', duration(jitterMs)]] as [string, Value[]]] : []),
    ...(window === null ? [] : [['Window', formatDayWindow(window)] as [string, Value]]),
    ['When missed', MISSED_WORDS[missed]],
    ['From', longOrigin(origin)],
    ['Next', enabled ? nextRuns(schedule) : 'paused'],
  ];
  return { kind: 'fields', fields };
}

const MISSED_WORDS = {
  run_once: 'one run for all that were missed',
  skip: 'nothing',
  alert: 'a message, and no run',
} as const;

const nextOf = ({ next: [first], timeZone }: ScheduleResult): Value =>
  first === undefined ? 'never' : inZone(first, timeZone);

/** In one line, because a line break in a value is shown as what it is; the zone is said with the last. */
const nextRuns = ({ next, timeZone }: ScheduleResult): string =>
  next.length === 0 ? 'never' : `${next.map((iso) => onClocks(iso, timeZone)).join(', ')} ${timeZone}`;

function shortOrigin(origin: Origin): string {
  if (origin.from === 'default') return 'default';
  return origin.from === 'file' ? 'configuration' : `chat: ${origin.by.name}`;
}

function longOrigin(origin: Origin): Value | readonly Value[] {
  if (origin.from === 'default') return 'default: the configuration says nothing of it';
  if (origin.from === 'file') return `configuration: ${origin.key}`;
  return [`chat: ${origin.by.name}, `, age(origin.at), '; until the configuration says something new of it'];
}

/** As the clocks of the zone show it: `Tue 2030-01-01 02:00 Europe/Zurich`. */
export const inZone = (iso: string, timeZone: string): string => `${onClocks(iso, timeZone)} ${timeZone}`;

function onClocks(iso: string, timeZone: string): string {
  const wall = new Date(openZone(timeZone).toWall(Date.parse(iso)));
  return `${WEEKDAYS[wall.getUTCDay()]} ${wall.toISOString().slice(0, 16).replace('T', ' ')}`;
}
