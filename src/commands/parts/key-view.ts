import type { KeySlotInfo } from '../../backup/types.ts';
import type { View } from '../../view/view.ts';

export const keyTable = (keys: readonly KeySlotInfo[]): View => ({
  kind: 'table',
  columns: [{ title: 'Key slot' }, { title: 'Label' }, { title: 'Copies', align: 'right' }, { title: '' }],
  rows: keys.map(({ id, label, copies, current }) => [
    id,
    label,
    String(copies),
    current ? 'opened with this one' : '',
  ]),
  empty: 'There is no key slot.',
});

export const NEW_PASSPHRASE_HELP =
  'The new passphrase comes from --new-password-file, HOLDFAST_NEW_PASSWORD_FILE, HOLDFAST_NEW_PASSWORD, or a prompt on a terminal.';
