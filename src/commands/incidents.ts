import type { Incident } from '../state/unattended-records.ts';
import { age } from '../view/value.ts';
import { defineCommand } from './command.ts';
import { requireIncidents } from './parts/incident-control.ts';

interface IncidentsResult {
  incidents: readonly Incident[];
}

export const incidents = defineCommand({
  name: 'incidents',
  summary: 'List what is wrong now: one line for each cause, with the sources that it hits',
  input: {},
  access: 'owner',
  destructive: false,
  json: { incidents: 'array of open incidents, oldest first' },
  run: async (context): Promise<IncidentsResult> => ({ incidents: requireIncidents(context).list() }),
  present: (result) => ({
    kind: 'table',
    columns: [
      { title: 'ID' },
      { title: 'What' },
      { title: 'Cause' },
      { title: 'Since' },
      { title: 'Noted', minor: true },
    ],
    rows: result.incidents.map(({ id, affected, last, since, acknowledged, snoozedUntil }) => [
      id,
      affected
        .filter(({ state }) => state === 'failing')
        .map(({ name }) => name)
        .join(', '),
      last.error.message,
      age(since),
      acknowledged === null ? (snoozedUntil === null ? '' : 'snoozed') : `by ${acknowledged}`,
    ]),
    empty: 'Nothing is wrong.',
  }),
});
