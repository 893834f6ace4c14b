import { HoldfastError } from '../../shared/errors.ts';
import type { SnapshotBody } from '../format/bodies.ts';
import type { StoredPacks } from './chunk-storer.ts';
import { isDamage } from './damage.ts';
import { LiveKeeper, type RestoreChunk } from './ensure-live.ts';
import { putNote, readNotes } from './notes.ts';
import type { RememberedChunks } from './remembered-chunks.ts';
import type { Repository } from './repository.ts';
import type { Session } from './sessions.ts';
import { putSnapshot } from './snapshots.ts';

export interface PublishRequest {
  /** Ended when the snapshot is confirmed or broken; only stopped when publishing fails in between, so that others can finish it. */
  session: Pick<Session, 'bytes' | 'stop' | 'end'>;
  body: SnapshotBody;
  /** Where every chunk of the manifest is, meta chunks included. */
  chunks: RememberedChunks;
  /** What this session has put: packs and index runs. */
  own: StoredPacks;
  restoreChunk: RestoreChunk;
}

/**
 * Makes a snapshot of what a writer has stored: steps 4 to 7 of docs/FORMAT.md section 13. When this resolves, the backup may be reported
 * as done. Gives the snapshot's ID.
 *
 * @throws HoldfastError `failed` where a chunk was collected meanwhile and the source no longer has it
 */
export async function publishSnapshot(repository: Repository, request: PublishRequest): Promise<string> {
  const { session, body, chunks, own, restoreChunk } = request;
  const keeper = new LiveKeeper(repository, session.bytes, chunks, restoreChunk);
  let id: string;
  try {
    await keeper.ensure();
    id = await putSnapshot(repository, session.bytes, body);
  } catch (error) {
    await session.stop();
    throw error;
  }
  try {
    if (repository.rules.checkAfterSnapshot) await keeper.ensure();
    const packs = [...own.packs, ...keeper.stored.packs];
    const indexes = [...own.indexes, ...keeper.stored.indexes];
    await putNote(repository, id, { note: 'confirmed', body, packs, indexes }, session.bytes);
  } catch (error) {
    if (!isDamage(error)) {
      await session.stop();
      throw error;
    }
    await putNote(repository, id, { note: 'broken', reason: error.message }, session.bytes);
    await session.end();
    throw new HoldfastError('failed', `Snapshot ${id.slice(0, 8)} could not be completed: ${error.message}`, {
      cause: error,
      advice: 'Run the backup again.',
    });
  }
  await session.end();
  await requireNotForgotten(repository, id);
  return id;
}

/** Somebody may have removed the snapshot while it was unfinished: then it must not be reported as done. */
async function requireNotForgotten(repository: Repository, id: string): Promise<void> {
  const { bySnapshot } = await readNotes(repository, id);
  if (!(bySnapshot.get(id) ?? []).some(({ note }) => note === 'forgotten')) return;
  throw new HoldfastError('failed', `Snapshot ${id.slice(0, 8)} was removed while it was being written.`, {
    advice: 'Run the backup again.',
  });
}
