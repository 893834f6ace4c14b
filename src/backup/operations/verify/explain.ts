import { packName } from '../../format/pack-index.ts';
import type { Copies } from './copies.ts';
import type { DamageReport } from './damage-report.ts';
import { type RepositoryState, unindexedPacks } from './repository-state.ts';
import { neededChunks, type Survey } from './survey.ts';

/** True where something that a snapshot needs has no copy that can be read. */
export function hasLostChunks(survey: Survey, copies: Copies): boolean {
  return !copies.allSound && neededChunks(survey).some((record) => !copies.isReadable(copies.index.idOf(record)));
}

/** Says of damaged packs that affect no file why they do not. */
export function explainPacks(report: DamageReport, copies: Copies, survey: Survey): void {
  for (const [number, { id }] of copies.index.packs.entries()) {
    const name = packName(id);
    if (report.has(name) && report.filesOf(name) === 0) report.add(name, whyHarmless(copies, survey, number));
  }
}

function whyHarmless(copies: Copies, { used }: Survey, number: number): string {
  const bad = [...copies.bad(number)];
  if (bad.length === 0) return 'all chunks in it can still be read';
  const needed = bad.filter((record) => used[record] !== 0);
  if (needed.length === 0) return 'no snapshot needs what is damaged in it';
  const isCopied = needed.every((record) => copies.isReadable(copies.index.idOf(record)));
  return isCopied
    ? 'what snapshots need of it has another good copy'
    : 'no file is affected: what is lost only saves the next backup work';
}

/** A chunk that a finished backup needs was indexed once: where only trailers tell of it, a run was lost. */
export function reportLostRun(report: DamageReport, state: RepositoryState, survey: Survey): void {
  const unindexed = new Set(unindexedPacks(state.loaded).map(({ id }) => id));
  if (unindexed.size === 0 || report.hasKind('index')) return;
  const { index } = state;
  const isUnindexed = (record: number): boolean => unindexed.has(index.copy(record).pack.id);
  const orphan = neededChunks(survey).find(
    (record) => isUnindexed(record) && index.copies(index.idOf(record)).every(isUnindexed),
  );
  if (orphan === undefined) return;
  const pack = packName(index.copy(orphan).pack.id);
  report.add('index', `the index of ${pack} is missing; \`repair index\` builds it again from the packs`);
}
