import type { Repository } from '../../repository/repository.ts';
import { applyRetention } from '../../repository/retention.ts';
import { retentionItem } from '../../repository/retention-item.ts';
import { readCatalog, resolveSnapshot, type SnapshotRecord, type SnapshotWish } from '../../repository/snapshots.ts';
import type { RetentionPolicy, SnapshotFilter, SnapshotSummary } from '../../types.ts';
import { summaryOf } from './summary.ts';

/** Snapshots that pass `filter`, newest first. With a policy, `kept` says which of its rules keep each. */
export async function listSnapshots(
  repository: Repository,
  filter: SnapshotFilter = {},
  policy?: RetentionPolicy,
): Promise<SnapshotSummary[]> {
  const { snapshots } = await readCatalog(repository);
  // Over all of them: which snapshots a policy keeps does not depend on what somebody wants to see.
  const kept = policy === undefined ? undefined : applyRetention(snapshots.map(retentionItem), policy);
  return snapshots.filter((record) => passes(record, filter)).map((record) => summaryOf(record, kept?.get(record.id)));
}

/**
 * The one snapshot meant.
 *
 * @throws HoldfastError `not_found`, or `usage` for an ambiguous prefix
 */
export async function findSnapshot(repository: Repository, wish: SnapshotWish): Promise<SnapshotSummary> {
  return summaryOf(resolveSnapshot(await readCatalog(repository), wish));
}

/** True where the snapshot meets everything that the filter asks for. `verified` means: looked at, and found whole. */
export function passes({ body, status, tags, verified }: SnapshotRecord, filter: SnapshotFilter): boolean {
  const time = Date.parse(body.time);
  const isWhole = verified !== undefined && verified.damaged === 0;
  return (
    (filter.tag === undefined || tags.includes(filter.tag)) &&
    (filter.source === undefined || body.source === filter.source) &&
    (filter.host === undefined || body.host === filter.host) &&
    (filter.kind === undefined || body.kind === filter.kind) &&
    (filter.trigger === undefined || body.trigger === filter.trigger) &&
    (filter.status === undefined || status === filter.status) &&
    (filter.verified === undefined || isWhole === filter.verified) &&
    (filter.from === undefined || time >= Date.parse(filter.from)) &&
    (filter.to === undefined || time <= Date.parse(filter.to))
  );
}
