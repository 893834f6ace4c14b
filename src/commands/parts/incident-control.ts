import type { IncidentControl } from '../../notify/notifier.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { Incident } from '../../state/unattended-records.ts';
import type { CommandContext } from '../command.ts';
import { required, text } from '../field.ts';

export const incidentField = required(
  text('Incident: its ID, or the beginning of one', { position: 'ID', completes: 'incident' }),
);

/** @throws HoldfastError `usage` where no bot runs */
export function requireIncidents({ incidents }: CommandContext): IncidentControl {
  if (incidents !== undefined) return incidents;
  throw new HoldfastError('usage', 'Only a running bot knows of incidents', {
    advice: 'Start one with `holdfast serve`.',
  });
}

/** @throws HoldfastError `not_found` where there is none of that ID */
export function findIncident(context: CommandContext, id: string): Incident {
  const found = requireIncidents(context).find(id);
  if (found !== undefined) return found;
  throw new HoldfastError('not_found', `There is no incident ${JSON.stringify(id)}`, {
    advice: 'See /incidents; those that ended are forgotten after a week.',
  });
}

/** @throws HoldfastError `not_found` where there is none of that ID that is open */
export function findOpenIncident(context: CommandContext, id: string): Incident {
  const found = findIncident(context, id);
  if (found.ended === null) return found;
  throw new HoldfastError('not_found', `Incident ${found.id} is over`, { advice: 'There is nothing to be done.' });
}
