import { time } from '../view/value.ts';
import { good } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { duration } from './field.ts';
import { findOpenIncident, incidentField, requireIncidents } from './parts/incident-control.ts';

const DAY_MS = 24 * 3_600_000;

export const incidentSnooze = defineCommand({
  name: 'incident snooze',
  summary: 'Hear nothing of an incident for a while, whatever happens',
  chat: { examples: ['incident snooze 1f2e for:3d'] },
  input: { incident: incidentField, for: duration('How long; 1d unless given') },
  access: 'owner',
  destructive: false,
  json: { incident: 'ID', until: 'time' },
  async run(context, { incident: wanted, for: forMs = DAY_MS }): Promise<{ incident: string; until: string }> {
    const incident = findOpenIncident(context, wanted);
    await requireIncidents(context).snooze(incident, forMs);
    return { incident: incident.id, until: new Date(context.now() + forMs).toISOString() };
  },
  present: ({ incident, until }) => good(`Incident ${incident} is snoozed until `, time(until)),
});
