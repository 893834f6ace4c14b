import { HoldfastError } from '../../shared/errors.ts';
import { latestNote, putNote } from '../repository/notes.ts';
import type { Repository } from '../repository/repository.ts';
import { readCatalog, resolveSnapshot } from '../repository/snapshots.ts';
import type { SnapshotSummary } from '../types.ts';
import { findSnapshot } from './list/list.ts';

export interface TagChange {
  /** Instead of those that it has. */
  set?: readonly string[];
  add?: readonly string[];
  remove?: readonly string[];
}

/**
 * Changes the tags of a snapshot: first `set`, then `remove`, then `add`. Does nothing where nothing changes.
 *
 * @throws HoldfastError `usage` for an empty tag
 */
export async function changeTags(repository: Repository, id: string, change: TagChange): Promise<SnapshotSummary> {
  if ([...(change.set ?? []), ...(change.add ?? [])].some((tag) => tag.trim() === '')) {
    throw new HoldfastError('usage', 'A tag cannot be empty.', { advice: 'Give a word such as nightly.' });
  }
  const record = resolveSnapshot(await readCatalog(repository), { id });
  const left = (change.set ?? record.tags).filter((tag) => !change.remove?.includes(tag));
  const tags = [...new Set([...left, ...(change.add ?? [])])];
  const same = tags.length === record.tags.length && tags.every((tag, i) => tag === record.tags[i]);
  if (!same) {
    const before = latestNote(record.notes, 'tagged');
    await putNote(repository, record.id, { note: 'tagged', tags }, undefined, before?.time);
  }
  return findSnapshot(repository, { id: record.id });
}
