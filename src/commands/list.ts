import type { SnapshotSummary } from '../backup/types.ts';
import { command, count } from '../view/value.ts';
import { hint, type Sentence, stack, type View } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { choice, deniableFlag, integer, text } from './field.ts';
import { filterFields, toFilter } from './parts/filter-fields.ts';
import { listKept } from './parts/retention.ts';
import { snapshotTable } from './parts/snapshot-view.ts';

/** Snapshots to a page where a person reads along and did not say: as many as one message of every chat holds. */
const GUIDED_LIMIT = 15;
const STATUSES = ['completed', 'completed_with_warnings', 'unfinished', 'broken', 'lost'] as const;

interface ListResult {
  snapshots: SnapshotSummary[];
  total: number;
  page: number;
  pages: number;
}

const nothingFound = ({ total, pages }: ListResult): Sentence =>
  total > 0
    ? ['There ', pages === 1 ? 'is only one page' : `are only ${pages} pages`, ', with ', count(total, 'snapshot'), '.']
    : ['There are no such snapshots. Take one with ', command('backup'), ', or see all with ', command('list'), '.'];

const present = (result: ListResult): View => {
  const { snapshots, total, page, pages } = result;
  return stack(
    snapshotTable(snapshots, nothingFound(result)),
    pages > 1 && page <= pages ? hint(`Page ${page} of ${pages}, `, count(total, 'snapshot'), ' in all') : undefined,
  );
};

export const list = defineCommand({
  name: 'list',
  summary: 'List snapshots, newest first',
  examples: ['list --source /srv/app --from "7 days ago"', 'list --tag nightly --json'],
  chat: { examples: ['list', 'list source:app from:"7 days ago"', 'list verified:no page:1'] },
  input: {
    ...filterFields,
    kind: text('Only snapshots of this kind, such as files', { placeholder: 'KIND', on: 'shell' }),
    trigger: text('Only snapshots taken for this reason, such as manual', { placeholder: 'TRIGGER', on: 'shell' }),
    status: choice('Only snapshots in this state', STATUSES, { on: 'shell' }),
    verified: deniableFlag('Only snapshots that were verified (or, denied, that were not)'),
    limit: integer('Snapshots to a page; all unless given', 1, { short: 'n', on: 'shell' }),
    page: integer('Which page', 1),
  },
  access: 'owner',
  destructive: false,
  json: {
    snapshots: 'array of Snapshot',
    total: 'how many snapshots match, on all pages',
    page: 'which page this is, from 1',
    pages: 'how many pages there are, at least 1',
  },
  async run(context, { kind, trigger, status, verified, limit, page = 1, ...filter }): Promise<ListResult> {
    const repository = await context.repository({ ahead: 'catalog' });
    const wanted = { ...toFilter(filter), kind, trigger, status, verified };
    const all = await listKept(context, repository, wanted);
    const length = limit ?? (context.guided ? GUIDED_LIMIT : Math.max(all.length, 1));
    const snapshots = all.slice((page - 1) * length, page * length);
    return { snapshots, total: all.length, page, pages: Math.max(Math.ceil(all.length / length), 1) };
  },
  present,
  page: ({ page, pages }) => ({ page, pages }),
});
