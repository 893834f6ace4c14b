import type { ForgetRequest, ForgetResult, RetentionPolicy } from '../backup/types.ts';
import { HoldfastError } from '../shared/errors.ts';
import { command, count } from '../view/value.ts';
import { hint, stack, type View } from '../view/view.ts';
import { type CommandContext, type Confirmation, defineCommand, type InputOf } from './command.ts';
import { duration, flag, integer, list, text } from './field.ts';
import { filterFields, toFilter } from './parts/filter-fields.ts';
import { snapshotTable } from './parts/snapshot-view.ts';

const input = {
  snapshots: list('Snapshots to forget', { position: 'ID', completes: 'snapshot' }),
  keepLast: integer('Keep the newest N', 0, { short: 'l' }),
  keepHourly: integer('Keep the newest of each of the last N hours that have one', 0, { short: 'H' }),
  keepDaily: integer('Keep the newest of each of the last N days that have one', 0, { short: 'd' }),
  keepWeekly: integer('Keep the newest of each of the last N weeks that have one', 0, { short: 'w' }),
  keepMonthly: integer('Keep the newest of each of the last N months that have one', 0, { short: 'm' }),
  keepYearly: integer('Keep the newest of each of the last N years that have one', 0, { short: 'Y' }),
  keepWithin: duration('Keep all that are at most this much older than the newest'),
  keepWithinHourly: duration('Keep one an hour, as far back as this from the newest'),
  keepWithinDaily: duration('Keep one a day, as far back as this from the newest'),
  keepWithinWeekly: duration('Keep one a week, as far back as this from the newest'),
  keepWithinMonthly: duration('Keep one a month, as far back as this from the newest'),
  keepWithinYearly: duration('Keep one a year, as far back as this from the newest'),
  keepTag: list('Keep all with this tag; may be repeated', { placeholder: 'TAG', completes: 'tag' }),
  timeZone: text('Zone in which hours, days, weeks, months and years begin; UTC unless given', { placeholder: 'ZONE' }),
  ...filterFields,
  dryRun: flag('Only tell what would be forgotten', { short: 'N' }),
};

function toPolicy(given: InputOf<typeof input>): RetentionPolicy | undefined {
  const rules: RetentionPolicy = {
    last: given.keepLast,
    hourly: given.keepHourly,
    daily: given.keepDaily,
    weekly: given.keepWeekly,
    monthly: given.keepMonthly,
    yearly: given.keepYearly,
    within: given.keepWithin,
    withinHourly: given.keepWithinHourly,
    withinDaily: given.keepWithinDaily,
    withinWeekly: given.keepWithinWeekly,
    withinMonthly: given.keepWithinMonthly,
    withinYearly: given.keepWithinYearly,
    ...(given.keepTag.length > 0 && { tags: given.keepTag }),
  };
  const said = Object.values(rules).some((rule) => rule !== undefined);
  return said ? { ...rules, timeZone: given.timeZone } : undefined;
}

function toRequest(given: InputOf<typeof input>): ForgetRequest {
  const policy = toPolicy(given);
  const filter = toFilter(given);
  const { snapshots, dryRun } = given;
  if (snapshots.length > 0 && (policy !== undefined || filter !== undefined)) {
    throw new HoldfastError('usage', 'Snapshots and --keep rules or filters exclude each other');
  }
  if (snapshots.length > 0) return { snapshots, dryRun };
  if (policy !== undefined) return { policy, filter, dryRun };
  throw new HoldfastError('usage', 'It is not said what to forget', {
    advice: 'Name snapshots, or say what to keep, such as --keep-daily 7 --keep-monthly 12.',
  });
}

async function confirm(context: CommandContext, given: InputOf<typeof input>): Promise<Confirmation | undefined> {
  const request = toRequest(given);
  if (request.dryRun) return undefined;
  const plan = await (await context.repository()).forget({ ...request, dryRun: true }, context);
  if (plan.forgotten.length === 0) return undefined;
  const question = `Forget ${plan.forgotten.length} of ${plan.forgotten.length + plan.kept.length} snapshots?`;
  return { view: present(plan), question, label: 'Forget', need: 'offered' };
}

function present({ dryRun, forgotten, kept, warnings }: ForgetResult): View {
  return stack(
    snapshotTable(forgotten, 'No snapshot is to be forgotten.'),
    warnings.length > 0 ? { kind: 'list', items: warnings, tone: 'warning' } : undefined,
    {
      kind: 'text',
      text: [
        count(forgotten.length, 'snapshot'),
        dryRun ? ' would be forgotten, ' : ' forgotten, ',
        String(kept.length),
        ' kept',
      ],
    },
    dryRun || forgotten.length === 0 ? undefined : hint('Free the space with ', command('prune')),
  );
}

export const forget = defineCommand({
  name: 'forget',
  summary: 'Remove snapshots, by name or by what to keep; their space is freed by prune',
  details: [
    'Rules apply to each source by itself and only confirmed snapshots count; a snapshot that any rule keeps is kept, and so are pinned ones and the last good one of a source.',
  ],
  examples: ['forget 4f07a1c2', 'forget --keep-hourly 24 --keep-daily 7 --keep-weekly 4 --keep-monthly 12 --dry-run'],
  input,
  access: 'owner',
  destructive: true,
  json: {
    dryRun: 'true when nothing was removed',
    forgotten: 'array of Snapshot: what was, or would be, removed',
    kept: 'array of Snapshot: what stays, each with the rules that keep it',
    warnings: 'array of strings',
  },
  confirm,
  run: async (context, given): Promise<ForgetResult> => (await context.repository()).forget(toRequest(given), context),
  present,
});
