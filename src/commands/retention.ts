import type { Unattended } from '../config/unattended.ts';
import { applyRules } from '../jobs/maintenance/apply-rules.ts';
import { parseCron } from '../shared/cron.ts';
import { nextDue } from '../shared/cron-times.ts';
import { HoldfastError } from '../shared/errors.ts';
import { openZone } from '../shared/zone.ts';
import { time } from '../view/value.ts';
import { hint, stack, type View } from '../view/view.ts';
import { type CommandContext, defineCommand } from './command.ts';
import { text } from './field.ts';
import { reportOf, type SourceReport, sourcesTable, sourceView } from './parts/retention-report.ts';

interface RetentionResult {
  timeZone: string;
  /** Null: forget is not scheduled. */
  nextForget: string | null;
  sources: SourceReport[];
}

/** @throws HoldfastError `usage` where no bot runs */
function requireRuns({ runs }: CommandContext): NonNullable<CommandContext['runs']> {
  if (runs !== undefined) return runs;
  throw new HoldfastError('usage', 'Only a running bot knows what is configured', {
    advice: 'On the command line `forget` takes rules, and --dry-run tells what they come to.',
  });
}

/** @throws HoldfastError `not_found` for a source that is not configured */
function meantSources({ sources }: Unattended, wanted: string | undefined): string[] {
  const names = Object.keys(sources);
  if (wanted === undefined) return names;
  if (names.includes(wanted)) return [wanted];
  throw new HoldfastError('not_found', `${wanted} is not configured, so nothing of it is forgotten by itself`, {
    advice: `Choose one of: ${names.join(', ')}.`,
  });
}

function nextForgetOf({ maintenance, timeZone }: Unattended, nowMs: number): string | null {
  if (maintenance.forget === undefined) return null;
  const [nextMs] = nextDue(parseCron(maintenance.forget), openZone(timeZone), nowMs, 1);
  return nextMs === undefined ? null : new Date(nextMs).toISOString();
}

const whenView = ({ nextForget, timeZone }: RetentionResult): View =>
  nextForget === null
    ? hint('Nothing was changed, and forget is not scheduled.')
    : hint('Nothing was changed. The next forget is at ', time(nextForget), `; days begin as in ${timeZone}.`);

export const retention = defineCommand({
  name: 'retention',
  summary: 'Tell what each retention rule keeps, and what would be forgotten; changes nothing',
  details: [
    'It is reckoned just as the scheduled forget does it. With a source it names every snapshot that would go.',
  ],
  chat: { examples: ['retention', 'retention app'] },
  input: { source: text('Only this source, in detail', { position: 'SOURCE', completes: 'source' }) },
  access: 'owner',
  destructive: false,
  json: {
    timeZone: 'zone in which hours, days, weeks, months and years begin',
    nextForget: 'when snapshots are forgotten next, or null where that is not scheduled',
    sources:
      'array, one for each source: `source`; `rules` (as configured, an array of strings); `held` (true: nothing of it is forgotten); `kept` and `forgotten` (arrays of Snapshot: what would stay, each with the rules that keep it, and what would go); `byRule` (array of `{rule, keeps, alone, oldest}`: how many it keeps, how many of these no other rule keeps, and the time of the oldest or null)',
  },
  async run(context, { source }): Promise<RetentionResult> {
    const runs = requireRuns(context);
    const { unattended } = runs;
    const repository = await context.repository();
    const sources: SourceReport[] = [];
    for (const name of meantSources(unattended, source)) {
      const applied = await applyRules(repository, runs, { source: name, dryRun: true }, context);
      const care = unattended.sources[name];
      if (care !== undefined) sources.push(reportOf(applied, care.retention));
    }
    return { timeZone: unattended.timeZone, nextForget: nextForgetOf(unattended, context.now()), sources };
  },
  present: (result) => {
    const [only, ...others] = result.sources;
    const isOne = only !== undefined && others.length === 0;
    return stack(isOne ? sourceView(only) : sourcesTable(result.sources), whenView(result));
  },
});
