import type { FoundEntry } from '../backup/types.ts';
import { id, time } from '../view/value.ts';
import type { Row } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { required, text } from './field.ts';
import { ENTRY_COLUMNS, entryRow } from './parts/entry-view.ts';
import { filterFields, toFilter } from './parts/filter-fields.ts';

interface FindResult {
  pattern: string;
  matches: AsyncIterable<FoundEntry>;
}

async function* matchRows(matches: AsyncIterable<FoundEntry>): AsyncGenerator<Row> {
  for await (const match of matches) yield [id(match.snapshot), time(match.snapshotTime), ...entryRow(match)];
}

export const find = defineCommand({
  name: 'find',
  summary: 'Find files by name in all snapshots',
  examples: ['find "*.conf"', 'find settings.json --from "7 days ago"'],
  chat: { examples: ['find *.json', 'find settings.json from:"7 days ago"'] },
  input: {
    pattern: required(text('Name with the wildcards * ? and [...]', { position: 'PATTERN' })),
    ...filterFields,
  },
  access: 'owner',
  destructive: false,
  json: {
    pattern: 'what was looked for',
    matches: 'array of Entry, each with `snapshot` (ID) and `snapshotTime`; newest snapshot first',
  },
  async run(context, { pattern, ...filter }): Promise<FindResult> {
    const repository = await context.repository();
    return { pattern, matches: repository.search(pattern, toFilter(filter)) };
  },
  present: ({ matches }) => ({
    kind: 'table',
    columns: [{ title: 'Snapshot' }, { title: 'Taken' }, ...ENTRY_COLUMNS],
    rows: matchRows(matches),
    empty: 'No file of that name is in any snapshot.',
  }),
});
