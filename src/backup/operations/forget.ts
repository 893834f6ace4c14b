import { HoldfastError } from '../../shared/errors.ts';
import { forgetSnapshot } from '../repository/forget-snapshot.ts';
import { describeSession } from '../repository/frozen.ts';
import { readersIn } from '../repository/readers.ts';
import type { Repository } from '../repository/repository.ts';
import { applyRetention } from '../repository/retention.ts';
import { retentionItem } from '../repository/retention-item.ts';
import { listSessions } from '../repository/sessions.ts';
import { type Catalog, readCatalog, resolveSnapshot, type SnapshotRecord } from '../repository/snapshots.ts';
import type { ForgetRequest, ForgetResult, RetentionRuleSet } from '../types.ts';
import { passes } from './list/list.ts';
import { summaryOf } from './list/summary.ts';

/**
 * Removes snapshots: those named, or those that a policy does not keep among the ones that pass the filter. Their space is freed by prune. A policy also
 * leaves alone what somebody reads, such as a restore.
 *
 * @throws HoldfastError `usage`, `not_found`; `refused` for pinned snapshots and for the last good one of a source; `locked` for one that is
 *   still being written, or read
 */
export async function forget(repository: Repository, request: ForgetRequest): Promise<ForgetResult> {
  const catalog = await readCatalog(repository);
  const plan = request.snapshots?.length
    ? await planNamed(repository, catalog, request)
    : await planByPolicy(repository, catalog, request);
  const dryRun = request.dryRun === true;
  const ids = [...plan.going.map(({ id }) => id), ...plan.unreadable];
  if (!dryRun) for (const id of ids) await forgetSnapshot(repository, id, plan.reason);
  const going = new Set(plan.going);
  return {
    dryRun,
    forgotten: plan.going.map((record) => summaryOf(record)),
    kept: catalog.snapshots
      .filter((record) => !going.has(record))
      .map((record) => summaryOf(record, plan.kept.get(record.id))),
    warnings: plan.unreadable.map((id) => `snapshots/${id} was damaged beyond telling what it held.`),
  };
}

interface Plan {
  going: SnapshotRecord[];
  /** IDs of snapshots that nobody can read any more, and that are given up. */
  unreadable: string[];
  reason: string;
  /** Retention rules by ID. */
  kept: ReadonlyMap<string, string[]>;
}

async function planNamed(repository: Repository, catalog: Catalog, request: ForgetRequest): Promise<Plan> {
  const unreadable = (request.snapshots ?? []).flatMap((given) => unreadableOf(catalog, given) ?? []);
  const readable = (request.snapshots ?? []).filter((given) => unreadableOf(catalog, given) === undefined);
  const named = readable.map((id) => resolveSnapshot(catalog, { id }));
  const going = [...new Set(named)];
  for (const record of going) requireNotPinned(record);
  requireOneLeft(catalog, going);
  await requireNotInUse(repository, going);
  return { going, unreadable: [...new Set(unreadable)], reason: 'asked for', kept: new Map() };
}

/** The one snapshot that is meant, where it is damaged so that nothing else can be done with it. */
function unreadableOf({ known, unreadable }: Catalog, given: string): string | undefined {
  const prefix = given.toLowerCase();
  if (!/^[0-9a-f]{8,64}$/.test(prefix)) return undefined;
  const found = [...known].filter((id) => id.startsWith(prefix));
  return found.length === 1 ? unreadable.find((id) => id === found[0]) : undefined;
}

function requireNotPinned({ id, pinned }: SnapshotRecord): void {
  if (!pinned) return;
  throw new HoldfastError('refused', `Snapshot ${id.slice(0, 8)} is pinned.`, { advice: 'Unpin it first.' });
}

/** Of each source one confirmed snapshot stays: without known damage and no safety backup, where there is such a one. */
function requireOneLeft({ snapshots }: Catalog, going: readonly SnapshotRecord[]): void {
  const confirmed = snapshots.filter(({ confirmed }) => confirmed !== undefined);
  for (const [source, all] of Map.groupBy(confirmed, ({ body }) => body.source)) {
    const ordinary = all.filter(({ body }) => body.trigger !== 'pre-restore');
    const meant = ordinary.length > 0 ? ordinary : all;
    const good = meant.filter(({ verified }) => verified === undefined || verified.damaged === 0);
    const counted = good.length > 0 ? good : meant;
    if (!counted.every((record) => going.includes(record))) continue;
    const last = (counted[0] as SnapshotRecord).id.slice(0, 8);
    throw new HoldfastError('refused', `Snapshot ${last} is the last good one of ${source}.`, {
      advice: 'Keep it, or back the source up once more first.',
    });
  }
}

async function requireNotInUse(repository: Repository, going: readonly SnapshotRecord[]): Promise<void> {
  if (going.length === 0) return;
  const sessions = await listSessions(repository);
  const live = new Set(sessions.flatMap(({ id, live }) => (live ? [id] : [])));
  const written = going.find(({ status, body }) => status === 'unfinished' && live.has(body.session));
  if (written !== undefined) {
    throw new HoldfastError('locked', `Snapshot ${written.id.slice(0, 8)} is still being written.`, {
      advice: 'Wait until the backup has finished.',
    });
  }
  const readers = readersIn(sessions);
  const read = going.find(({ id }) => readers.has(id));
  const reader = read && readers.get(read.id);
  if (reader === undefined) return;
  throw new HoldfastError('locked', `Snapshot ${read?.id.slice(0, 8)} is being read: ${describeSession(reader)}.`, {
    advice: 'Wait until that has finished.',
  });
}

async function planByPolicy(
  repository: Repository,
  { snapshots }: Catalog,
  { policy, filter }: ForgetRequest,
): Promise<Plan> {
  if (policy === undefined) {
    throw new HoldfastError('usage', 'Nothing says which snapshots to forget.', {
      advice: 'Name snapshots, or give at least one rule such as --keep-daily 7.',
    });
  }
  const { sources = {}, ...others } = policy;
  for (const rules of [others, ...Object.values(sources)]) requireSoundRules(rules);
  const considered = snapshots.filter((record) => passes(record, filter ?? {}));
  const kept = applyRetention(considered.map(retentionItem), policy, repository.clock.now());
  const unkept = considered.filter(({ id }) => kept.get(id)?.length === 0);
  const readers = readersIn(unkept.length > 0 ? await listSessions(repository) : []);
  for (const { id } of unkept) if (readers.has(id)) kept.set(id, ['being read']);
  const going = unkept.filter(({ id }) => !readers.has(id));
  return { going, unreadable: [], reason: 'retention policy', kept };
}

/** A policy without a rule would forget nearly everything, which nobody means. */
function requireSoundRules({ tags, timeZone, triggers, classes, ...rules }: RetentionRuleSet): void {
  const numbers = Object.entries({ ...rules, ...triggers, ...classes }).filter(([, value]) => value !== undefined);
  const wrong = numbers.find(([, value]) => !Number.isSafeInteger(value) || value < 0);
  if (wrong !== undefined) {
    throw new HoldfastError(
      'usage',
      `The retention rule ${wrong[0]} is ${wrong[1]}, which is no whole number from 0 up.`,
    );
  }
  if (!tags?.length && Object.values({ ...rules, ...classes }).every((value) => !value)) {
    throw new HoldfastError('usage', 'The retention policy keeps nothing.', {
      advice: 'Give at least one rule above 0.',
    });
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone: timeZone ?? 'UTC' });
  } catch (error) {
    throw new HoldfastError('usage', `${timeZone} is no time zone.`, {
      cause: error,
      advice: 'Use a name such as Europe/Zurich or UTC.',
    });
  }
}
