import type { SnapshotSummary } from '../../backup/types.ts';
import type { RetentionRules } from '../../config/unattended.ts';
import type { Applied } from '../../jobs/maintenance/apply-rules.ts';
import { formatDuration } from '../../shared/durations.ts';
import { count, time } from '../../view/value.ts';
import { heading, stack, text, type View } from '../../view/view.ts';
import { snapshotTable } from './snapshot-view.ts';

/** What one rule keeps of a source. */
export interface RuleReport {
  rule: string;
  keeps: number;
  /** Of these, how many no other rule keeps. */
  alone: number;
  /** Time of the oldest, or null. */
  oldest: string | null;
}

export interface SourceReport extends Applied {
  /** As the configuration has them, in words. */
  rules: string[];
  byRule: RuleReport[];
}

/** The rules by the names that snapshots are kept by. */
export function ruleNames({ last, periods, tags, triggers, classes }: RetentionRules): string[] {
  return [
    ...(last > 0 ? [`last ${last}`] : []),
    ...Object.entries(periods).map(([period, keep]) =>
      'count' in keep ? `${period} ${keep.count}` : `${period} for ${formatDuration(keep.forMs)}`,
    ),
    ...tags.map((tag) => `tag ${tag}`),
    ...Object.entries(triggers).map(([trigger, ms]) => `${trigger} for ${formatDuration(ms)}`),
    ...Object.entries(classes).map(([name, ms]) => `scheduled ${name} for ${formatDuration(ms)}`),
  ];
}

export function reportOf(applied: Applied, retention: RetentionRules): SourceReport {
  const rules = ruleNames(retention);
  const { kept } = applied;
  const names = new Set([...rules, ...kept.flatMap((snapshot) => snapshot.kept)]);
  return { ...applied, rules, byRule: [...names].map((rule) => reportRule(rule, kept)) };
}

/** `kept` is newest first. */
function reportRule(rule: string, kept: readonly SnapshotSummary[]): RuleReport {
  const own = kept.filter((snapshot) => snapshot.kept.includes(rule));
  const alone = own.filter((snapshot) => snapshot.kept.length === 1).length;
  return { rule, keeps: own.length, alone, oldest: own.at(-1)?.time ?? null };
}

/** All about one source. */
export const sourceView = ({ source, held, byRule, kept, forgotten }: SourceReport): View =>
  stack(
    heading(`Retention of ${source}`),
    held ? { kind: 'status', tone: 'warning', text: [source, ' is held: nothing of it is forgotten.'] } : undefined,
    {
      kind: 'table',
      columns: [
        { title: 'Rule' },
        { title: 'Keeps', align: 'right' },
        { title: 'Alone', align: 'right' },
        { title: 'Oldest' },
      ],
      rows: byRule.map(({ rule, keeps, alone, oldest }) => [
        rule,
        String(keeps),
        String(alone),
        oldest === null ? '' : time(oldest),
      ]),
      empty: 'There are no rules.',
    },
    heading('Would be forgotten'),
    snapshotTable(forgotten, 'Every snapshot is kept.'),
    text(count(forgotten.length, 'snapshot'), ' would be forgotten, ', String(kept.length), ' kept'),
  );

/** A line for each source. */
export const sourcesTable = (sources: readonly SourceReport[]): View => ({
  kind: 'table',
  columns: [
    { title: 'Source' },
    { title: 'Kept', align: 'right' },
    { title: 'Would go', align: 'right' },
    { title: 'Rules', minor: true },
  ],
  rows: sources.map(({ source, held, kept, forgotten, rules }) => [
    source,
    String(kept.length),
    held ? 'held' : String(forgotten.length),
    rules.join(', '),
  ]),
  empty: 'No source is configured.',
});
