import type { KeySlotInfo } from '../backup/types.ts';
import { defineCommand } from './command.ts';
import { keyTable } from './parts/key-view.ts';

interface KeyListResult {
  keys: KeySlotInfo[];
}

export const keyList = defineCommand({
  name: 'key list',
  summary: 'List the passphrases that open the repository, by label',
  input: {},
  access: 'owner',
  destructive: false,
  json: { keys: 'array of KeySlot' },
  run: async (context): Promise<KeyListResult> => ({
    keys: await (await context.repository({ ahead: 'nothing' })).keys(),
  }),
  present: ({ keys }) => keyTable(keys),
});
