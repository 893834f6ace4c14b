import { putNote } from './notes.ts';
import type { Repository } from './repository.ts';
import { deleteSnapshotObject } from './snapshots.ts';

/**
 * Removes a snapshot on purpose: the note first, so that whoever misses the object finds the reason. An interruption in between is
 * completed by the next prune.
 */
export async function forgetSnapshot(repository: Repository, id: string, reason: string): Promise<void> {
  if (!repository.rules.noteBeforeForget) await deleteSnapshotObject(repository, id);
  await putNote(repository, id, { note: 'forgotten', reason });
  await deleteSnapshotObject(repository, id);
}
