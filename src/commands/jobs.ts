import type { JobRecord } from '../state/document.ts';
import { age, duration, share, type Value } from '../view/value.ts';
import { defineCommand } from './command.ts';
import { flag } from './field.ts';
import { requireJobs } from './parts/job-control.ts';

const SHOWN = 20;

interface JobsResult {
  jobs: JobRecord[];
}

const isOpen = ({ state }: JobRecord): boolean => state === 'running' || state === 'pending';

function stateWord({ state, share: done }: JobRecord): Value {
  if (state === 'pending') return 'waiting';
  return state === 'running' && done !== undefined ? share(done) : state.replaceAll('_', ' ');
}

export const jobs = defineCommand({
  name: 'jobs',
  summary: 'List what runs, what waits and what ran, newest first',
  chat: { examples: ['jobs', 'jobs running:yes'] },
  input: { running: flag('Only what runs or waits now') },
  access: 'owner',
  destructive: false,
  json: { jobs: 'array of jobs, newest first' },
  async run(context, { running }): Promise<JobsResult> {
    const all = requireJobs(context).list();
    return { jobs: (running ? all.filter(isOpen) : all).slice(0, SHOWN) };
  },
  present: (result) => ({
    kind: 'table',
    columns: [
      { title: 'Job' },
      { title: 'What' },
      { title: 'Source' },
      { title: 'State' },
      { title: 'Started' },
      { title: 'Took', minor: true },
      { title: 'By', minor: true },
      { title: 'Result', minor: true },
    ],
    rows: result.jobs.map((job) => [
      job.id,
      job.kind,
      job.source ?? '',
      stateWord(job),
      age(job.started),
      job.ended === undefined ? '' : duration(Date.parse(job.ended) - Date.parse(job.started)),
      job.who.name,
      job.result ?? job.phase,
    ]),
    empty: 'Nothing runs.',
  }),
});
