import { classesOf } from './classes.ts';
import type { RetentionItem } from './retention.ts';
import type { SnapshotRecord } from './snapshots.ts';

/** What retention looks at of a snapshot. */
export function retentionItem({ id, body, tags, confirmed, pinned, verified }: SnapshotRecord): RetentionItem {
  const { time, source, trigger } = body;
  const damaged = verified !== undefined && verified.damaged > 0;
  return {
    id,
    time,
    source,
    trigger,
    classes: classesOf(body),
    tags,
    confirmed: confirmed !== undefined,
    damaged,
    pinned,
  };
}
