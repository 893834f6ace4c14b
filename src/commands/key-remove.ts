import type { KeySlotInfo } from '../backup/types.ts';
import { id } from '../view/value.ts';
import { good, hint, stack, text as textView } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { required, text } from './field.ts';
import { JSON_SHAPES } from './parts/json-shapes.ts';

export const keyRemove = defineCommand({
  name: 'key remove',
  summary: 'Remove a passphrase from the repository',
  details: ['The last one cannot be removed. Whoever used it may have copied the keys, which stay valid.'],
  examples: ['key remove 9c41d2aa'],
  input: { slot: required(text('Key slot, as `key list` shows it', { position: 'SLOT', completes: 'key' })) },
  access: 'owner',
  destructive: true,
  json: JSON_SHAPES.KeySlot,
  confirm: async (_context, { slot }) => ({
    view: textView(`The passphrase of key slot ${slot} will no longer open the repository.`),
    question: `Remove key slot ${slot}?`,
    label: 'Remove',
    need: 'offered',
  }),
  run: async (context, { slot }): Promise<KeySlotInfo> => (await context.repository()).removeKey(slot),
  present: (slot) =>
    stack(
      good('Removed key slot ', id(slot.id), ` (${slot.label})`),
      hint('Whoever copied the keys with it can still read the repository.'),
    ),
});
