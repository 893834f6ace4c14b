import { SCHEDULE_CLASSES, type ScheduleClass } from '../../config/unattended-schema.ts';
import type { ScheduleControl, ScheduleInfo } from '../../jobs/schedules/schedule-desk.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { CommandContext } from '../command.ts';
import { closest } from '../suggest.ts';

/** @throws HoldfastError `usage` on a repository alone */
export function requireSchedules({ schedules }: Pick<CommandContext, 'schedules'>): ScheduleControl {
  if (schedules !== undefined) return schedules;
  throw new HoldfastError('usage', 'Only a bot has schedules', {
    advice: 'Name its configuration with --config FILE.',
  });
}

/** @throws HoldfastError `usage` where no source has this name */
export function requireSource({ sources }: ScheduleControl, source: string): void {
  if (sources.includes(source)) return;
  const meant = closest(source, sources);
  throw new HoldfastError('usage', `There is no source ${JSON.stringify(source)}`, {
    advice:
      meant === undefined ? `There are: ${sources.join(', ') || 'none; configure one'}.` : `Did you mean ${meant}?`,
  });
}

/**
 * The schedules that are meant: one, or all of a source where no class is named.
 *
 * @throws HoldfastError `usage` for a source that there is none of, `not_found` where it has no such schedule
 */
export function findSchedules(
  control: ScheduleControl,
  { source, class: name }: { source: string; class?: ScheduleClass | undefined },
): ScheduleInfo[] {
  requireSource(control, source);
  const found = SCHEDULE_CLASSES.flatMap((one) =>
    name === undefined || name === one ? (control.find(source, one) ?? []) : [],
  );
  if (found.length > 0) return found;
  throw new HoldfastError('not_found', `${source} has no ${name === undefined ? '' : `${name} `}schedule`, {
    advice: 'Make one with schedule add.',
  });
}
