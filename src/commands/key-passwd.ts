import type { KeySlotInfo } from '../backup/types.ts';
import { id } from '../view/value.ts';
import { good, hint, stack } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { text } from './field.ts';
import { JSON_SHAPES } from './parts/json-shapes.ts';
import { NEW_PASSPHRASE_HELP } from './parts/key-view.ts';

export const keyPasswd = defineCommand({
  name: 'key passwd',
  summary: 'Change the passphrase that you open the repository with',
  details: [NEW_PASSPHRASE_HELP],
  input: {
    newPasswordFile: text('File that holds the new passphrase', { placeholder: 'FILE', completes: 'local-path' }),
  },
  access: 'owner',
  destructive: false,
  json: JSON_SHAPES.KeySlot,
  async run(context, { newPasswordFile }): Promise<KeySlotInfo> {
    const repository = await context.repository();
    return repository.changePassphrase(await context.newPassphrase(newPasswordFile));
  },
  present: (slot) =>
    stack(
      good('Changed the passphrase; the key slot is ', id(slot.id)),
      hint('Whoever copied the repository together with the old passphrase can still read that copy.'),
    ),
});
