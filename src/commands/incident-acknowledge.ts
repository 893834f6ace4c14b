import { good } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { findOpenIncident, incidentField, requireIncidents } from './parts/incident-control.ts';

export const incidentAcknowledge = defineCommand({
  name: 'incident acknowledge',
  summary: 'Say that you know of an incident: it is quiet until it changes or recovers',
  chat: { examples: ['incident acknowledge 1f2e'] },
  input: { incident: incidentField },
  access: 'owner',
  destructive: false,
  json: { incident: 'ID', by: 'who' },
  async run(context, { incident: wanted }): Promise<{ incident: string; by: string }> {
    const incident = findOpenIncident(context, wanted);
    await requireIncidents(context).acknowledge(incident, context.identity.name);
    return { incident: incident.id, by: context.identity.name };
  },
  present: ({ incident, by }) =>
    good(`Incident ${incident} is acknowledged by ${by}: quiet until it changes or recovers`),
});
