import type { DiffResult } from '../backup/types.ts';
import { id } from '../view/value.ts';
import { heading, stack, type View } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { required, text } from './field.ts';
import { changeList, changeWords } from './parts/changes-view.ts';

function present({ from, to, items, itemsTotal, added, removed, modified }: DiffResult): View {
  return stack(
    heading('From ', id(from), ' to ', id(to)),
    changeList(
      items.map(({ change, path, size, sizeBefore }) => ({
        mark: change,
        path,
        size: change === 'removed' ? sizeBefore : size,
      })),
      itemsTotal,
    ),
    {
      kind: 'fields',
      fields: [
        ['Added', changeWords(added)],
        ['Removed', changeWords(removed)],
        ['Changed', changeWords(modified)],
      ],
    },
  );
}

export const diff = defineCommand({
  name: 'diff',
  summary: 'Tell what changed between two snapshots',
  details: [
    '`+` added, `-` removed, `~` content changed, `·` only owner, mode or times changed, `!` became something else.',
  ],
  examples: ['diff 4f07a1c2 latest'],
  chat: {
    details: [
      '`+` added, `-` removed, `~` content changed, `·` only owner, mode or times changed, `!` became something else.',
    ],
    examples: ['diff 4f07a1c2 latest'],
  },
  input: {
    a: required(text('The older snapshot', { position: 'A', completes: 'snapshot' })),
    b: required(text('The newer snapshot', { position: 'B', completes: 'snapshot' })),
  },
  access: 'owner',
  destructive: false,
  json: {
    from: 'ID of the older snapshot',
    to: 'ID of the newer snapshot',
    items:
      'array of `{change, path, type, size, sizeBefore}`; `change` is `added`, `removed`, `modified`, `metadata` or `type`; the path of the top folder is empty',
    itemsTotal: 'how many changes there are, where `items` holds only the first',
    added: 'Changes',
    removed: 'Changes',
    modified: 'Changes',
  },
  run: async (context, { a, b }): Promise<DiffResult> => (await context.repository()).diff(a, b, context),
  present,
});
