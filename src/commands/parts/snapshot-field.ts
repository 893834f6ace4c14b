import { HoldfastError } from '../../shared/errors.ts';
import type { CommandContext } from '../command.ts';
import { text } from '../field.ts';

/** The snapshot that a command works on. Where a person is guided, the newest is meant when none is named. */
export const snapshotField = text('Snapshot: an ID, the beginning of one, or `latest`', {
  position: 'ID',
  completes: 'snapshot',
});

export function chooseSnapshot(context: CommandContext, given: string | undefined): string {
  if (given !== undefined) return given;
  if (context.guided) return 'latest';
  throw new HoldfastError('usage', 'ID is missing', {
    advice: 'Name a snapshot by its ID (see `list`), or say latest.',
  });
}
