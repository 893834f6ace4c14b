import type { PruneRequest, PruneResult } from '../backup/types.ts';
import { bytes, count, duration, time } from '../view/value.ts';
import { good, hint, stack, text, type View } from '../view/view.ts';
import { type CommandContext, type Confirmation, defineCommand, type InputOf } from './command.ts';
import { duration as durationField, flag } from './field.ts';

/** From this share of the repository on, a person is asked. */
const LARGE_SHARE = 0.2;

const input = {
  grace: durationField('Delete only what has been marked for this long; 72h unless given'),
  dryRun: flag('Only tell what would be freed', { short: 'N' }),
};

const toRequest = ({ grace, dryRun }: InputOf<typeof input>): PruneRequest => ({
  ...(grace !== undefined && { graceMs: grace }),
  dryRun,
  // The engine's own brake on a large prune has been answered by then: see `confirm`.
  force: true,
});

async function confirm(context: CommandContext, given: InputOf<typeof input>): Promise<Confirmation | undefined> {
  if (given.dryRun) return undefined;
  const repository = await context.repository();
  const plan = await repository.prune({ ...toRequest(given), dryRun: true }, context);
  const { packBytes } = await repository.stats();
  const affected = plan.freedBytes + plan.markedBytes;
  if (affected <= packBytes * LARGE_SHARE) return undefined;
  const question = `Free ${Math.round((100 * affected) / Math.max(packBytes, 1))} % of the repository?`;
  return { view: present(plan), question, label: 'Prune', need: 'offered' };
}

function present(result: PruneResult): View {
  const { dryRun, freedAfter, waitingFor, warnings } = result;
  const would = dryRun ? 'would be ' : '';
  return stack(
    result.deletedPacks > 0
      ? good(bytes(result.freedBytes), ` ${would}freed now by deleting `, count(result.deletedPacks, 'pack'))
      : good(result.markedPacks > 0 ? 'Nothing can be freed yet' : 'There is nothing to free'),
    result.markedPacks > 0
      ? text(
          bytes(result.markedBytes),
          ` in `,
          count(result.markedPacks, 'pack'),
          dryRun ? ' would be marked as unneeded' : ' marked as unneeded',
          ...(freedAfter === null ? [] : ['; a prune after ', time(freedAfter), ' frees them']),
        )
      : undefined,
    result.rewrittenBytes > 0 ? text(bytes(result.rewrittenBytes), ` ${would}rewritten from sparse packs`) : undefined,
    waitingFor.length > 0
      ? { kind: 'list', items: waitingFor.map((what) => `waiting for ${what}`), tone: 'quiet' }
      : undefined,
    warnings.length > 0 ? { kind: 'list', items: warnings, tone: 'warning' } : undefined,
    dryRun ? hint('Nothing was changed.') : hint('Took ', duration(result.durationMs)),
  );
}

export const prune = defineCommand({
  name: 'prune',
  summary: 'Free the space of what no snapshot needs, in two steps that are safe beside running backups',
  details: [
    'The first prune marks what is not needed; one that runs after the grace deletes it. --grace 0s deletes at once: use it only when nothing else works on the repository.',
    'On a terminal it asks when more than a fifth of the repository is affected.',
  ],
  examples: ['prune', 'prune --grace 0s', 'prune --dry-run'],
  input,
  access: 'owner',
  destructive: true,
  json: {
    dryRun: 'true when nothing was changed',
    deletedPacks: 'number of packs deleted now',
    freedBytes: 'bytes freed now',
    markedPacks: 'number of packs marked for deletion',
    markedBytes: 'bytes that a later prune frees',
    freedAfter: 'time after which a prune frees them, or null',
    rewrittenBytes: 'bytes copied out of sparse packs',
    indexRuns: '`{before, after}`: numbers of index runs',
    waitingFor: 'sessions that must end first, an array of strings',
    warnings: 'array of strings',
    durationMs: 'how long it took',
  },
  confirm,
  run: async (context, given): Promise<PruneResult> => (await context.repository()).prune(toRequest(given), context),
  present,
});
