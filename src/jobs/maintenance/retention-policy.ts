import type { RetentionPolicy, RetentionRuleSet } from '../../backup/types.ts';
import type { Keep, Period, RetentionRules, Unattended } from '../../config/unattended.ts';

const BY_AGE = {
  hourly: 'withinHourly',
  daily: 'withinDaily',
  weekly: 'withinWeekly',
  monthly: 'withinMonthly',
  yearly: 'withinYearly',
} as const satisfies Record<Period, keyof RetentionRuleSet>;

/** What the configuration wants kept of a source, as the engine takes it. */
export function policyOf(
  { last, periods, tags, triggers, classes }: RetentionRules,
  timeZone: string,
): RetentionRuleSet {
  const kept = Object.entries(periods) as [Period, Keep][];
  const rules = kept.map(([period, keep]) => ('count' in keep ? [period, keep.count] : [BY_AGE[period], keep.forMs]));
  return {
    ...Object.fromEntries(rules),
    ...(last > 0 && { last }),
    ...(tags.length > 0 && { tags: [...tags] }),
    triggers: { ...triggers },
    ...(Object.keys(classes).length > 0 && { classes: { ...classes } }),
    timeZone,
  };
}

/** The same of all sources. Others have no rules: nobody forgets anything of them by itself. */
export function policyOfAll({ sources, timeZone }: Pick<Unattended, 'sources' | 'timeZone'>): RetentionPolicy {
  const own = Object.entries(sources).map(([name, { retention }]) => [name, policyOf(retention, timeZone)]);
  return { sources: Object.fromEntries(own) };
}
