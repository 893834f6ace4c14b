import type { SnapshotSummary } from '../backup/types.ts';
import { id } from '../view/value.ts';
import { good } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { required, text } from './field.ts';
import { JSON_SHAPES } from './parts/json-shapes.ts';
import { withKept } from './parts/retention.ts';
import { snapshotField } from './parts/snapshot-field.ts';

export const pin = defineCommand({
  name: 'pin',
  summary: 'Keep a snapshot whatever the retention rules say',
  examples: ['pin 4f07a1c2 --reason "before the migration"'],
  chat: { examples: ['pin 4f07a1c2', 'pin latest reason:"before the migration"'] },
  input: {
    backup: required(snapshotField),
    reason: text('Why, for whoever reads it later', { placeholder: 'TEXT' }),
  },
  access: 'owner',
  destructive: false,
  json: JSON_SHAPES.Snapshot,
  async run(context, { backup, reason }): Promise<SnapshotSummary> {
    const repository = await context.repository();
    return withKept(context, repository, await repository.pin(backup, reason));
  },
  present: (snapshot) => good('Pinned ', id(snapshot.id), ': no rule forgets it until it is unpinned'),
});
