import type { RunRecord } from '../state/unattended-records.ts';
import { age, bytes, count, duration, id, type Value } from '../view/value.ts';
import { hint, type Row, stack } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { choice, integer, text } from './field.ts';
import { requireRuns } from './parts/run-control.ts';

const PAGE = 20;
const STATUSES = [
  'completed',
  'completed_with_warnings',
  'failed',
  'cancelled',
  'interrupted',
  'skipped',
  'expired',
  'deleted',
  'running',
] as const;

interface HistoryResult {
  runs: RunRecord[];
  total: number;
  page: number;
  pages: number;
}

const row = (run: RunRecord): Row => [
  age(run.started),
  run.source,
  run.status.replaceAll('_', ' '),
  run.snapshot === null ? '' : id(run.snapshot),
  [run.trigger, ...run.classes].join(' '),
  run.ended === null ? '' : duration(Date.parse(run.ended) - Date.parse(run.started)),
  run.snapshot === null ? '' : bytes(run.stored),
  outcome(run),
];

function outcome({ error, warnings }: RunRecord): Value {
  if (error !== null) return `${error.phase}: ${error.message}`;
  return warnings > 0 ? count(warnings, 'warning') : '';
}

export const history = defineCommand({
  name: 'history',
  summary: 'List how backups went, newest first, also of snapshots that are gone by now',
  chat: { examples: ['history', 'history app status:failed', 'history page:2'] },
  input: {
    source: text('Only of this source', { position: 'SOURCE', completes: 'source' }),
    status: choice('Only those that ended so', STATUSES),
    page: integer('Which page', 1),
  },
  access: 'owner',
  destructive: false,
  json: {
    runs: 'array of runs, newest first',
    total: 'how many runs match, on all pages',
    page: 'which page this is, from 1',
    pages: 'how many pages there are, at least 1',
  },
  async run(context, { source, status, page = 1 }): Promise<HistoryResult> {
    const all = requireRuns(context)
      .history.all.filter(
        (run) => (source === undefined || run.source === source) && (status === undefined || run.status === status),
      )
      .toReversed();
    const runs = all.slice((page - 1) * PAGE, page * PAGE);
    return { runs, total: all.length, page, pages: Math.max(Math.ceil(all.length / PAGE), 1) };
  },
  present: ({ runs, total, page, pages }) =>
    stack(
      {
        kind: 'table',
        columns: [
          { title: 'Started' },
          { title: 'Source' },
          { title: 'Status' },
          { title: 'Snapshot' },
          { title: 'Trigger', minor: true },
          { title: 'Took', minor: true },
          { title: 'Stored', align: 'right', minor: true },
          { title: 'What happened' },
        ],
        rows: runs.map(row),
        empty: 'There are no such runs.',
      },
      pages > 1 ? hint(`Page ${page} of ${pages}, `, count(total, 'run'), ' in all') : undefined,
    ),
  page: ({ page, pages }) => ({ page, pages }),
});
