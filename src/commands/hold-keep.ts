import { command } from '../view/value.ts';
import type { View } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { required, text } from './field.ts';
import { requireRuns } from './parts/run-control.ts';

export const holdKeep = defineCommand({
  name: 'hold keep',
  summary: 'Say that something is wrong with a source that is held: it stays held until somebody accepts it',
  chat: { examples: ['hold keep app'] },
  input: { source: required(text('Source that is held', { position: 'SOURCE', completes: 'source' })) },
  access: 'owner',
  destructive: false,
  json: { source: 'name of the source', snapshot: 'ID of the snapshot that is held' },
  async run(context, { source }): Promise<{ source: string; snapshot: string }> {
    const { snapshot } = await requireRuns(context).holds.keep(source, context.identity.name);
    return { source, snapshot };
  },
  present: ({ source, snapshot }): View => ({
    kind: 'status',
    tone: 'warning',
    text: `${source} stays held`,
    next: [
      'Go back with ',
      command(`restore ${snapshot.slice(0, 8)}`),
      ', and then say ',
      command(`hold accept ${source}`),
    ],
  }),
});
