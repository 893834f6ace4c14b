import type { KeySlotInfo } from '../backup/types.ts';
import { id } from '../view/value.ts';
import { good } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { text } from './field.ts';
import { JSON_SHAPES } from './parts/json-shapes.ts';
import { NEW_PASSPHRASE_HELP } from './parts/key-view.ts';

export const keyAdd = defineCommand({
  name: 'key add',
  summary: 'Add a passphrase that opens the repository',
  details: [NEW_PASSPHRASE_HELP],
  examples: ['key add --label office --new-password-file office.pass'],
  input: {
    label: text('What to call it', { placeholder: 'NAME' }),
    newPasswordFile: text('File that holds the new passphrase', { placeholder: 'FILE', completes: 'local-path' }),
  },
  access: 'owner',
  destructive: false,
  json: JSON_SHAPES.KeySlot,
  async run(context, { label = 'added', newPasswordFile }): Promise<KeySlotInfo> {
    const repository = await context.repository();
    return repository.addKey(await context.newPassphrase(newPasswordFile), label);
  },
  present: (slot) => good('Added key slot ', id(slot.id), ` (${slot.label})`),
});
