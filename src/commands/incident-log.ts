import type { Affected, Incident, RunRecord } from '../state/unattended-records.ts';
import { age, count, time } from '../view/value.ts';
import { heading, stack, type View } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { findIncident, incidentField, requireIncidents } from './parts/incident-control.ts';

const SHOWN = 20;

interface LogResult {
  incident: Incident;
  /** Newest first. */
  runs: RunRecord[];
}

/** One a line, since the cause is that of all: a chat has room for many. */
const affectedTable = (affected: readonly Affected[]): View => ({
  kind: 'table',
  columns: [
    { title: 'What' },
    { title: 'State' },
    { title: 'Failed' },
    { title: 'Last' },
    { title: 'Job', minor: true },
    { title: 'Error', minor: true },
  ],
  rows: affected.map(({ name, state, failures, at, error, job }) => [
    name,
    state,
    count(failures, 'time'),
    age(at),
    job ?? '',
    error.message,
  ]),
  empty: 'It became another trouble.',
});

export const incidentLog = defineCommand({
  name: 'incident log',
  summary: 'Show what happened in an incident: what it hits, and every attempt that failed',
  chat: { examples: ['incident log 1f2e'] },
  input: { incident: incidentField },
  access: 'owner',
  destructive: false,
  json: { incident: 'the incident', runs: 'array of the runs that failed, newest first' },
  async run(context, { incident: wanted }): Promise<LogResult> {
    const incident = findIncident(context, wanted);
    return { incident, runs: requireIncidents(context).runsOf(incident).toReversed().slice(0, SHOWN) };
  },
  present: ({
    incident,
    incident: {
      last: { error },
    },
    runs,
  }) =>
    stack(
      heading(`Incident ${incident.id}`),
      {
        kind: 'fields',
        fields: [
          ['Began', time(incident.since)],
          ['Ended', incident.ended === null ? 'not yet' : time(incident.ended)],
          ['Told', count(incident.told, 'time')],
          ...(incident.acknowledged === null ? [] : ([['Acknowledged by', incident.acknowledged]] as const)),
          ['Phase', error.phase],
          ['Error', `${error.code}: ${error.message}`],
          ...(error.advice === null ? [] : ([['Try', error.advice]] as const)),
        ],
      },
      affectedTable(incident.affected),
      runs.length === 0
        ? undefined
        : {
            kind: 'table',
            columns: [
              { title: 'Ended' },
              { title: 'Source' },
              { title: 'Job', minor: true },
              { title: 'Phase', minor: true },
              { title: 'Error' },
            ],
            rows: runs.map(({ ended, started, source, id, error }) => [
              time(ended ?? started),
              source,
              id,
              error?.phase ?? '',
              error?.message ?? '',
            ]),
            empty: '',
          },
    ),
});
