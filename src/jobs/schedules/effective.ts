import { createHash } from 'node:crypto';
import type { MissedPolicy, ScheduleSetting, SourceCare } from '../../config/unattended.ts';
import { SCHEDULE_CLASSES, type ScheduleClass } from '../../config/unattended-schema.ts';
import type { StoredPerson } from '../../state/people.ts';
import type { ScheduleChange } from '../../state/unattended-records.ts';
import type { Timing } from './timing.ts';

/** Where a schedule's setting comes from. */
export type Origin =
  | { from: 'default' }
  /** `key` is where the configuration says so, such as `schedules.daily`. */
  | { from: 'file'; key: string }
  | { from: 'chat'; by: StoredPerson; at: string };

export interface EffectiveSetting extends Timing {
  missed: MissedPolicy;
  enabled: boolean;
}

/** When one class of one source is backed up, all told. */
export interface EffectiveSchedule extends EffectiveSetting {
  source: string;
  class: ScheduleClass;
  origin: Origin;
}

export type Changes = Readonly<Record<string, ScheduleChange>>;

export const scheduleKey = (source: string, name: string): string => `${source}/${name}`;

/** What the configuration says, and what was said in a chat since: the later one, for each schedule. Deleted ones are not there. */
export function effectiveSchedules(
  sources: Readonly<Record<string, SourceCare>>,
  changes: Changes,
): EffectiveSchedule[] {
  return Object.entries(sources).flatMap(([source, { schedules }]) =>
    SCHEDULE_CLASSES.flatMap((name) => {
      const found = effective(schedules[name], changes[scheduleKey(source, name)]);
      return found === undefined ? [] : [{ ...found, source, class: name }];
    }),
  );
}

function effective(
  configured: ScheduleSetting | undefined,
  change: ScheduleChange | undefined,
): (EffectiveSetting & { origin: Origin }) | undefined {
  if (change !== undefined && change.over === digestOf(configured)) {
    const { setting, by, at } = change;
    if (setting === null) return undefined;
    return { ...setting, window: setting.window ?? undefined, origin: { from: 'chat', by, at } };
  }
  if (configured === undefined) return undefined;
  const { writtenAt, ...setting } = configured;
  return { ...setting, origin: writtenAt === undefined ? { from: 'default' } : { from: 'file', key: writtenAt } };
}

/** Changes whose schedule the configuration describes otherwise by now, or not any more: it wins over them. */
export function outdatedChanges(sources: Readonly<Record<string, SourceCare>>, changes: Changes): string[] {
  return Object.entries(changes)
    .filter(([key, { over }]) => {
      const split = key.lastIndexOf('/');
      const care = sources[key.slice(0, split)];
      return care === undefined || over !== digestOf(care.schedules[key.slice(split + 1) as ScheduleClass]);
    })
    .map(([key]) => key);
}

/** What the configuration says of a schedule, in a few digits. Where it says so does not matter. */
export function digestOf(configured: ScheduleSetting | undefined): string {
  const said = configured === undefined ? null : plain(configured);
  return createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 16);
}

/** A setting as the state keeps it. */
export function plain(setting: EffectiveSetting): NonNullable<ScheduleChange['setting']> {
  const { cron, timeZone, jitterMs, window, missed, enabled } = setting;
  return { cron, timeZone, jitterMs, window: window ?? null, missed, enabled };
}
