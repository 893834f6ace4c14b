import type { SnapshotBody } from '../../format/bodies.ts';
import { ManifestChunks } from '../../repository/manifest-chunks.ts';
import { publishSnapshot } from '../../repository/publish.ts';
import type { WritingSession, Written } from './writing-session.ts';

/** Makes a snapshot of what a writing session stored; gives its ID. The session's objects are gone afterwards. */
export function commitSnapshot(session: WritingSession, body: SnapshotBody, written: Written): Promise<string> {
  const { repository } = session;
  return publishSnapshot(repository, {
    session: session.session,
    body,
    chunks: new ManifestChunks(repository, body.manifest, session.packsInUse()),
    own: { packs: written.packs.map(({ id }) => id), indexes: written.indexes },
    restoreChunk: () => Promise.resolve(undefined),
  });
}
