import { good } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { required, text } from './field.ts';
import { requireRuns } from './parts/run-control.ts';

export const holdAccept = defineCommand({
  name: 'hold accept',
  summary: 'Say that all looks right with a source that is held: forget and prune go on',
  details: [
    'A source is held when a run of it was far from the usual: its last good snapshot is pinned, nothing of it is forgotten, and nothing is pruned.',
    'What is there now becomes the usual.',
  ],
  chat: { examples: ['hold accept app'] },
  input: { source: required(text('Source that is held', { position: 'SOURCE', completes: 'source' })) },
  access: 'owner',
  destructive: false,
  json: { source: 'name of the source', snapshot: 'ID of the snapshot that was held' },
  async run(context, { source }): Promise<{ source: string; snapshot: string }> {
    const { holds } = requireRuns(context);
    const { snapshot } = await holds.accept(source, context.identity.name, await context.repository());
    return { source, snapshot };
  },
  present: ({ source }) => good(`${source} is held no longer`),
});
