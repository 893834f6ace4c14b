import type { SnapshotBody } from '../../format/bodies.ts';
import { ManifestChunks } from '../../repository/manifest-chunks.ts';
import { publishSnapshot } from '../../repository/publish.ts';
import type { Session } from '../../repository/sessions.ts';
import type { WritingSession, Written } from './writing-session.ts';

/**
 * Makes a snapshot of what a writing session stored; gives its ID. The session's objects are gone afterwards, unless `lease` decides otherwise: for
 * several snapshots in one session.
 */
export function commitSnapshot(
  session: WritingSession,
  body: SnapshotBody,
  written: Written,
  lease: Pick<Session, 'bytes' | 'stop' | 'end'> = session.session,
): Promise<string> {
  const { repository } = session;
  return publishSnapshot(repository, {
    session: lease,
    body,
    chunks: new ManifestChunks(repository, body.manifest, session.packsInUse()),
    own: { packs: written.packs.map(({ id }) => id), indexes: written.indexes },
    restoreChunk: () => Promise.resolve(undefined),
  });
}
