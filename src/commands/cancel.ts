import { HoldfastError } from '../shared/errors.ts';
import type { JobRecord } from '../state/document.ts';
import { good, text as words } from '../view/view.ts';
import { type CommandContext, defineCommand } from './command.ts';
import { text } from './field.ts';
import { requireJobs } from './parts/job-control.ts';

interface CancelResult {
  job: string | null;
  kind: string | null;
  cancelling: boolean;
}

const NOTHING: CancelResult = { job: null, kind: null, cancelling: false };
const isOpen = ({ state }: JobRecord): boolean => state === 'running' || state === 'pending';

/** The one job that is meant; undefined where none is named and none runs. */
function meant(all: readonly JobRecord[], wanted: string | undefined): JobRecord | undefined {
  const found = all.filter((job) => (wanted === undefined ? isOpen(job) : job.id.startsWith(wanted)));
  const open = found.filter(isOpen);
  if (open.length > 1) {
    const ids = open.map(({ id, kind }) => `${id} (${kind})`).join(', ');
    throw new HoldfastError('usage', `${open.length} jobs run: ${ids}`, { advice: 'Say which one is meant.' });
  }
  if (found.length === 0 && wanted !== undefined) {
    throw new HoldfastError('not_found', `No job has the ID ${wanted}`, { advice: 'See /jobs.' });
  }
  return open[0] ?? found[0];
}

function cancelMeant(context: CommandContext, wanted: string | undefined): CancelResult {
  const control = requireJobs(context);
  const job = meant(control.list(), wanted);
  if (job === undefined) return NOTHING;
  // False where it is ending already: then there is nothing left to cancel.
  return { job: job.id, kind: job.kind, cancelling: control.cancel(job.id, context.identity.name) };
}

export const cancel = defineCommand({
  name: 'cancel',
  summary: 'Cancel a running job; a restore then puts back what was there',
  chat: { examples: ['cancel', 'cancel 4f07a1c2'] },
  input: {
    job: text('Job: its ID or the beginning of one; the only one that runs unless given', {
      position: 'JOB',
      completes: 'job',
    }),
  },
  access: 'owner',
  destructive: false,
  json: {
    job: 'ID of the job, or null where none runs',
    kind: 'what it was doing, or null',
    cancelling: 'false where there was nothing to cancel any more',
  },
  run: async (context, { job }): Promise<CancelResult> => cancelMeant(context, job),
  present({ job, kind, cancelling }) {
    if (job === null) return words('Nothing runs.');
    if (!cancelling) return words(`Job ${job} (${kind}) has ended, or is ending.`);
    return good(`Cancelling job ${job} (${kind}); its message tells when it has ended`);
  },
});
