import type { Engine } from '../../backup/engine.ts';
import type { RetentionPolicy, SnapshotFilter, SnapshotSummary } from '../../backup/types.ts';
import type { Unattended } from '../../config/unattended.ts';
import { policyOfAll } from '../../jobs/maintenance/retention-policy.ts';
import type { CommandContext } from '../command.ts';

/** What is kept where no configuration says otherwise: grandfather, father, son. */
const DEFAULT_RETENTION: RetentionPolicy = { hourly: 24, daily: 7, weekly: 4, monthly: 12 };

/** Snapshots with the rules that keep each: those of its source where there is a configuration, whether or not a bot runs on it. */
export async function listKept(
  context: Pick<CommandContext, 'runs' | 'configured' | 'onWarning'>,
  repository: Pick<Engine, 'list'>,
  filter: SnapshotFilter,
): Promise<SnapshotSummary[]> {
  const { runs, configured } = context;
  const unattended = runs?.unattended ?? configured?.unattended;
  if (unattended === undefined) return repository.list(filter, DEFAULT_RETENTION, context);
  const snapshots = await repository.list(filter, policyOfAll(unattended), context);
  return snapshots.map((snapshot) => ({ ...snapshot, kept: spared(unattended, runs?.holds, snapshot) }));
}

/** Why a snapshot stays: by rules, or because nobody forgets anything of its source. */
function spared(
  { sources }: Unattended,
  holds: NonNullable<CommandContext['runs']>['holds'] | undefined,
  { source, kept }: SnapshotSummary,
): string[] {
  if (kept.length > 0) return kept;
  if (!Object.hasOwn(sources, source)) return ['not configured'];
  return holds?.isHeld(source) ? ['held'] : kept;
}

/** The snapshot with the rules that keep it, which depend on all others of its source. */
export async function withKept(
  context: Pick<CommandContext, 'runs' | 'configured'>,
  repository: Pick<Engine, 'list'>,
  snapshot: SnapshotSummary,
): Promise<SnapshotSummary> {
  const all = await listKept({ runs: context.runs, configured: context.configured }, repository, {
    source: snapshot.source,
  });
  return all.find(({ id }) => id === snapshot.id) ?? snapshot;
}
