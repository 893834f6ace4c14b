import type { Config } from '../config/config.ts';
import type { RetentionRules, SourceCare } from '../config/unattended.ts';
import type { RunbookSetting } from '../runbook/collect.ts';
import { parseCron } from '../shared/cron.ts';
import { cronWords } from '../shared/cron-words.ts';
import { formatDuration } from '../shared/durations.ts';

/** What the configuration tells a runbook. */
export function runbookSettingOf(
  { sources, unattended }: Pick<Config, 'sources' | 'unattended'>,
  version: string,
): RunbookSetting {
  return {
    program: `Holdfast ${version}`,
    host: undefined,
    contacts: unattended.contacts,
    sources: sources.map(({ name, paths }) => {
      const care = unattended.sources[name];
      return { name, paths, schedules: scheduleWords(care?.schedules), retention: retentionWords(care?.retention) };
    }),
  };
}

function scheduleWords(schedules: SourceCare['schedules'] = {}): string[] {
  return Object.entries(schedules)
    .filter(([, { enabled }]) => enabled)
    .map(([name, { cron, timeZone }]) => `${name}: ${cronWords(parseCron(cron))} (${timeZone})`);
}

function retentionWords(rules: RetentionRules | undefined): string[] {
  if (rules === undefined) return [];
  const { last, periods, tags, triggers, classes } = rules;
  return [
    ...(last > 0 ? [`the newest ${last}`] : []),
    ...Object.entries(periods).map(([name, keep]) =>
      'count' in keep ? `${name} ${keep.count}` : `${name} for ${formatDuration(keep.forMs)}`,
    ),
    ...tags.map((tag) => `tag ${tag}`),
    ...Object.entries(triggers).map(([name, forMs]) => `${name} for ${formatDuration(forMs)}`),
    ...Object.entries(classes).map(([name, forMs]) => `scheduled ${name} for ${formatDuration(forMs)}`),
  ];
}
