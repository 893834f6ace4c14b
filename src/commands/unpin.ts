import type { SnapshotSummary } from '../backup/types.ts';
import { id } from '../view/value.ts';
import { good } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { required, text } from './field.ts';
import { JSON_SHAPES } from './parts/json-shapes.ts';
import { withKept } from './parts/retention.ts';
import { snapshotField } from './parts/snapshot-field.ts';

export const unpin = defineCommand({
  name: 'unpin',
  summary: 'Leave a pinned snapshot to the retention rules again',
  examples: ['unpin 4f07a1c2'],
  chat: { examples: ['unpin 4f07a1c2'] },
  input: {
    backup: required(snapshotField),
    reason: text('Why, for whoever reads it later', { placeholder: 'TEXT' }),
  },
  access: 'owner',
  destructive: false,
  json: JSON_SHAPES.Snapshot,
  async run(context, { backup, reason }): Promise<SnapshotSummary> {
    const repository = await context.repository();
    return withKept(context, repository, await repository.unpin(backup, reason));
  },
  present: (snapshot) => good('Unpinned ', id(snapshot.id)),
});
