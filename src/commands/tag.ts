import type { SnapshotSummary } from '../backup/types.ts';
import { HoldfastError } from '../shared/errors.ts';
import { id } from '../view/value.ts';
import { good } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { list, required } from './field.ts';
import { JSON_SHAPES } from './parts/json-shapes.ts';
import { withKept } from './parts/retention.ts';
import { snapshotField } from './parts/snapshot-field.ts';

export const tag = defineCommand({
  name: 'tag',
  summary: 'Add, remove or replace the tags of a snapshot',
  examples: ['tag latest release-7', 'tag 4f07a1c2 --remove nightly --add weekly'],
  chat: { examples: ['tag latest release-7', 'tag 4f07a1c2 remove:nightly add:weekly'] },
  input: {
    backup: required(snapshotField),
    tags: list('Tags to add', { position: 'TAG', completes: 'tag' }),
    add: list('Add this tag; may be repeated', { placeholder: 'TAG', completes: 'tag' }),
    remove: list('Remove this tag; may be repeated', { placeholder: 'TAG', completes: 'tag' }),
    set: list('Replace all tags by this one; may be repeated', { placeholder: 'TAG', completes: 'tag' }),
  },
  access: 'owner',
  destructive: false,
  json: JSON_SHAPES.Snapshot,
  async run(context, { backup, tags, add, remove, set }): Promise<SnapshotSummary> {
    const added = [...tags, ...add];
    if (added.length + remove.length + set.length === 0) {
      throw new HoldfastError('usage', 'No tag is given', {
        advice: 'Say which to add, to remove, or to set.',
      });
    }
    if (set.length > 0 && added.length + remove.length > 0) {
      throw new HoldfastError('usage', 'What is set replaces all tags, so nothing can be added or removed beside it');
    }
    const change = set.length > 0 ? { set } : { add: added, remove };
    const repository = await context.repository();
    return withKept(context, repository, await repository.tag(backup, change));
  },
  present: (snapshot) => good('Tags of ', id(snapshot.id), `: ${snapshot.tags.join(' ') || 'none'}`),
});
