import type { OperationContext } from '../../ports.ts';
import { checkHistory, type HeadMemory, type Heads, rememberHistory } from '../../repository/history.ts';
import type { Repository } from '../../repository/repository.ts';
import { applyRetention } from '../../repository/retention.ts';
import { retentionItem } from '../../repository/retention-item.ts';
import {
  type Catalog,
  readCatalog,
  resolveSnapshot,
  type SnapshotRecord,
  type SnapshotWish,
} from '../../repository/snapshots.ts';
import type { RetentionPolicy, SnapshotFacts, SnapshotFilter, SnapshotSummary } from '../../types.ts';
import { summaryOf } from './summary.ts';

export interface ListRequest {
  filter?: SnapshotFilter | undefined;
  policy?: RetentionPolicy | undefined;
  /** The newest snapshots that this installation has seen, where it remembers any. */
  heads?: HeadMemory | undefined;
}

/**
 * Snapshots that pass the filter, newest first. With a policy, `kept` says which of its rules keep each. Warns of snapshots that should be there
 * and cannot be shown.
 */
export async function listSnapshots(
  repository: Repository,
  { filter = {}, policy, heads }: ListRequest = {},
  { onWarning }: OperationContext = {},
): Promise<SnapshotSummary[]> {
  const remembered = (await heads?.load()) ?? {};
  const catalog = await readCatalog(repository);
  const { snapshots } = catalog;
  if (onWarning !== undefined) for (const warning of missingFrom(catalog, remembered)) onWarning(warning);
  if (heads !== undefined) await rememberHistory(catalog, heads);
  // Over all of them: which snapshots a policy keeps does not depend on what somebody wants to see.
  const kept =
    policy === undefined ? undefined : applyRetention(snapshots.map(retentionItem), policy, repository.clock.now());
  return snapshots.filter((record) => passes(record, filter)).map((record) => summaryOf(record, kept?.get(record.id)));
}

function missingFrom(catalog: Catalog, remembered: Heads): string[] {
  const gone = checkHistory(catalog, remembered).map(({ message }) => `${message} Run verify.`);
  const damaged = catalog.unreadable.map((id) => `snapshots/${id} is damaged and not listed. Run verify.`);
  return [...gone, ...damaged];
}

/**
 * The one snapshot meant.
 *
 * @throws HoldfastError `not_found`, or `usage` for an ambiguous prefix
 */
export async function findSnapshot(repository: Repository, wish: SnapshotWish): Promise<SnapshotSummary> {
  return summaryOf(resolveSnapshot(await readCatalog(repository), wish));
}

/** What snapshots remember, newest first. */
export async function snapshotFacts(repository: Repository, host: string): Promise<SnapshotFacts[]> {
  const { snapshots } = await readCatalog(repository);
  return snapshots.map(({ id, body }) => ({
    snapshot: id,
    time: body.time,
    source: body.source,
    host: body.host,
    here: body.host === host,
    facts: body.facts,
  }));
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
