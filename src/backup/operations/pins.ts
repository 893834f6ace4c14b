import { latestNote, putNote } from '../repository/notes.ts';
import type { Repository } from '../repository/repository.ts';
import { readCatalog, resolveSnapshot } from '../repository/snapshots.ts';
import type { SnapshotSummary } from '../types.ts';
import { findSnapshot } from './list/list.ts';

/** Lets retention spare a snapshot, or no longer. Does nothing where that is so already. */
export async function setPinned(
  repository: Repository,
  id: string,
  pinned: boolean,
  reason = '',
): Promise<SnapshotSummary> {
  const record = resolveSnapshot(await readCatalog(repository), { id });
  if (record.pinned !== pinned) {
    const before = latestNote(record.notes, 'pinned', 'unpinned');
    await putNote(repository, record.id, { note: pinned ? 'pinned' : 'unpinned', reason }, undefined, before?.time);
  }
  return findSnapshot(repository, { id: record.id });
}
