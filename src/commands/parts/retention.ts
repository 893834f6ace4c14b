import type { Engine } from '../../backup/engine.ts';
import type { RetentionPolicy, SnapshotSummary } from '../../backup/types.ts';

/** What is kept unless someone says otherwise: grandfather, father, son. */
export const DEFAULT_RETENTION: RetentionPolicy = { hourly: 24, daily: 7, weekly: 4, monthly: 12 };

/** The snapshot with the rules that keep it, which depend on all others of its source. */
export async function withKept(repository: Pick<Engine, 'list'>, snapshot: SnapshotSummary): Promise<SnapshotSummary> {
  const all = await repository.list({ source: snapshot.source }, DEFAULT_RETENTION);
  return all.find(({ id }) => id === snapshot.id) ?? snapshot;
}
