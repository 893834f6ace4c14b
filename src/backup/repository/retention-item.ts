import type { RetentionItem } from './retention.ts';
import type { SnapshotRecord } from './snapshots.ts';

/** What retention looks at of a snapshot. */
export function retentionItem({ id, body, tags, confirmed, pinned }: SnapshotRecord): RetentionItem {
  const safety = body.trigger === 'pre-restore';
  return { id, time: body.time, source: body.source, tags, confirmed: confirmed !== undefined, pinned, safety };
}
