import { bytes, count, duration } from '../view/value.ts';
import { good, hint, stack } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { required, text } from './field.ts';

interface MirrorResult {
  objects: number;
  copied: number;
  deleted: number;
  bytes: number;
  durationMs: number;
}

export const mirror = defineCommand({
  name: 'mirror',
  summary: 'Make another place an object-by-object twin of the repository',
  details: [
    'The twin has the same keys and opens with the same passphrase. What the repository no longer has is deleted there.',
  ],
  examples: ['mirror --to /mnt/second'],
  input: { to: required(text('Where the twin is, or is to be', { placeholder: 'REPO', completes: 'local-path' })) },
  access: 'owner',
  destructive: true,
  json: {
    objects: 'number of objects in the repository',
    copied: 'number of objects copied',
    deleted: 'number of objects deleted from the twin',
    bytes: 'bytes copied',
    durationMs: 'how long it took',
  },
  run: async (context, { to }): Promise<MirrorResult> => (await context.repository()).mirror(to, context),
  present: ({ objects, copied, deleted, bytes: size, durationMs }) =>
    stack(
      good(
        'Mirrored ',
        count(objects, 'object'),
        ': ',
        String(copied),
        ' copied (',
        bytes(size),
        '), ',
        String(deleted),
        ' deleted',
      ),
      hint('It opens with the same passphrase. Took ', duration(durationMs)),
    ),
});
