import type { SnapshotFacts } from '../../backup/types.ts';
import type { AuditAnchor } from '../../state/verify-audit.ts';

/** What snapshots that were taken here have seen of an audit log. */
export function auditAnchors(snapshots: readonly SnapshotFacts[]): AuditAnchor[] {
  return snapshots.flatMap(({ here, snapshot, time, facts }) => {
    const { log, seq, digest } = (facts.audit ?? {}) as Partial<Record<keyof AuditAnchor, unknown>>;
    if (!here || typeof log !== 'string' || typeof seq !== 'number' || typeof digest !== 'string') return [];
    return [{ log, seq, digest, snapshot, time }];
  });
}
