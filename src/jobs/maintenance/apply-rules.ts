import type { Engine } from '../../backup/engine.ts';
import type { OperationContext } from '../../backup/ports.ts';
import type { SnapshotSummary } from '../../backup/types.ts';
import type { Unattended } from '../../config/unattended.ts';
import type { Holds } from '../holds.ts';
import { policyOf } from './retention-policy.ts';

export interface RuleParts {
  unattended: Pick<Unattended, 'sources' | 'timeZone'>;
  holds: Pick<Holds, 'isHeld'>;
}

/** What the rules of one source come to. */
export interface Applied {
  source: string;
  /** Nothing of it is forgotten, because an owner has to look at something first. */
  held: boolean;
  forgotten: SnapshotSummary[];
  /** Each with the rules that keep it; `held` where that is all. Newest first. */
  kept: SnapshotSummary[];
}

/** Forgets what no rule of a configured source keeps, or only tells what would be forgotten. */
export async function applyRules(
  engine: Pick<Engine, 'forget'>,
  { unattended, holds }: RuleParts,
  { source, dryRun }: { source: string; dryRun: boolean },
  context: OperationContext = {},
): Promise<Applied> {
  const care = unattended.sources[source];
  if (care === undefined) throw new Error(`${source} is not configured`);
  const held = holds.isHeld(source);
  const policy = policyOf(care.retention, unattended.timeZone);
  const request = { policy, filter: { source }, dryRun: dryRun || held };
  const { forgotten, kept } = await engine.forget(request, context);
  const own = kept.filter((snapshot) => snapshot.source === source);
  if (!held) return { source, held, forgotten, kept: own };
  const spared = forgotten.map((snapshot) => ({ ...snapshot, kept: ['held'] }));
  return { source, held, forgotten: [], kept: [...own, ...spared].sort(newestFirst) };
}

const newestFirst = (a: SnapshotSummary, b: SnapshotSummary): number => Date.parse(b.time) - Date.parse(a.time);
