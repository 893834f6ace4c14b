import { AUDIT_OUTCOMES } from '../state/audit-entry.ts';
import { type FoundEntry, searchAudit } from '../state/search-audit.ts';
import { count, time as timeValue } from '../view/value.ts';
import { hint, stack, type View } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { choice, integer, text, time } from './field.ts';
import { auditFolderOf, stateField } from './parts/audit-folder.ts';

const PAGE = 20;

interface AuditResult {
  entries: FoundEntry[];
  total: number;
  page: number;
  pages: number;
}

const whoWords = ({ who: { platform, id, name }, where }: FoundEntry): string => {
  const person = name === '' || name === id ? id : `${name} (${id})`;
  return where === undefined ? `${person} on ${platform}` : `${person} on ${platform} in ${where}`;
};

const whatWords = ({ what, input, times, since }: FoundEntry): string => {
  const done = input === undefined || input === '' ? what : `${what} ${input}`;
  return times === undefined ? done : `${done} (${times} times since ${since})`;
};

const present = ({ entries, total, page, pages }: AuditResult): View =>
  stack(
    {
      kind: 'table',
      columns: [
        { title: 'Entry', align: 'right', minor: true },
        { title: 'Time' },
        { title: 'Who' },
        { title: 'What' },
        { title: 'Outcome' },
        { title: 'Detail', minor: true },
      ],
      rows: entries.map((entry) => [
        String(entry.seq),
        timeValue(entry.time),
        whoWords(entry),
        whatWords(entry),
        entry.outcome,
        entry.detail ?? '',
      ]),
      empty: total > 0 ? 'There are no entries on this page.' : 'There are no such entries.',
    },
    pages > 1 ? hint(`Page ${page} of ${pages}, `, count(total, 'entry', 'entries'), ' in all') : undefined,
  );

export const audit = defineCommand({
  name: 'audit',
  summary: 'Tell who did what and when, newest first',
  details: [
    'Every command, button, schedule, run, start and stop is noted in the audit log, and every refusal; secrets are not. Refusals of one person are counted where there are many.',
  ],
  examples: [
    'audit --config holdfast.yaml --command restore',
    'audit --state ./state --outcome refused --from "7 days ago"',
  ],
  chat: { examples: ['audit', 'audit command:restore', 'audit outcome:refused from:"7 days ago"'] },
  input: {
    who: text('Only what this person did: a part of the name or ID', { placeholder: 'NAME' }),
    command: text('Only what is called so: a part of it, such as restore', { placeholder: 'TEXT' }),
    outcome: choice('Only what ended so', AUDIT_OUTCOMES),
    from: time('Only from this time on', 'start'),
    to: time('Only up to this time', 'end'),
    page: integer('Which page', 1),
    state: stateField,
  },
  access: 'owner',
  destructive: false,
  json: {
    entries:
      'array, newest first: `seq`; `time`; `who` (`{platform, id, name}`); `where` (channel, may be missing); `what`; `input` (what was typed, may be missing); `outcome` (`allowed`, `refused`, `completed`, `failed`, `cancelled` or `noted`); `detail` (may be missing); `times` and `since`, where one entry stands for several',
    total: 'how many entries match, on all pages',
    page: 'which page this is, from 1',
    pages: 'how many pages there are, at least 1',
  },
  async run(context, { page = 1, state, ...filter }): Promise<AuditResult> {
    const { entries, total } = await searchAudit(auditFolderOf(context, state), filter, { page, length: PAGE });
    return { entries, total, page, pages: Math.max(Math.ceil(total / PAGE), 1) };
  },
  present,
  page: ({ page, pages }) => ({ page, pages }),
});
