import { resolve } from 'node:path';
import { HoldfastError } from '../../shared/errors.ts';
import type { CommandContext } from '../command.ts';
import { text } from '../field.ts';

export const stateField = text('Folder of the state that holds the log; that of --config unless given', {
  placeholder: 'DIR',
  completes: 'local-path',
  on: 'shell',
});

/** @throws HoldfastError `usage` where nothing says which log is meant */
export function auditFolderOf({ auditFolder }: CommandContext, state: string | undefined): string {
  if (state !== undefined) return resolve(state);
  if (auditFolder !== undefined) return auditFolder;
  throw new HoldfastError('usage', 'It is not said which audit log is meant', {
    advice: 'Use --config FILE, or --state DIR for the state folder of a bot.',
  });
}
