import type { ListedEntry } from '../backup/types.ts';
import { defineCommand } from './command.ts';
import { flag, text } from './field.ts';
import { ENTRY_COLUMNS, entryRows } from './parts/entry-view.ts';
import { chooseSnapshot, snapshotField } from './parts/snapshot-field.ts';

interface LsResult {
  snapshot: string;
  path: string;
  entries: AsyncIterable<ListedEntry>;
}

export const ls = defineCommand({
  name: 'ls',
  summary: 'List what is in a snapshot',
  details: [
    'Without PATH everything is listed; with one, what lies directly in it, and with --recursive all below it.',
  ],
  examples: ['ls latest', 'ls 4f07a1c2 etc/nginx'],
  chat: {
    details: [
      'Without a path everything is listed; with one, what lies directly in it, and with recursive all below it.',
    ],
    examples: ['ls latest', 'ls 4f07a1c2 path:logs'],
  },
  input: {
    backup: snapshotField,
    path: text('Folder inside the snapshot', { position: 'PATH', completes: 'snapshot-path' }),
    recursive: flag('List everything below PATH', { short: 'R' }),
  },
  access: 'owner',
  destructive: false,
  json: {
    snapshot: 'ID of the snapshot',
    path: 'the folder that was asked for; empty for the whole snapshot',
    entries: 'array of Entry',
  },
  async run(context, { backup, path, recursive }): Promise<LsResult> {
    const repository = await context.repository();
    const { id } = await repository.find(chooseSnapshot(context, backup));
    const entries = repository.entries(id, {
      ...(path !== undefined && { path }),
      recursive: recursive || path === undefined,
    });
    return { snapshot: id, path: path ?? '', entries };
  },
  present: ({ entries }) => ({
    kind: 'table',
    columns: ENTRY_COLUMNS,
    rows: entryRows(entries),
    empty: 'Nothing is there.',
  }),
});
