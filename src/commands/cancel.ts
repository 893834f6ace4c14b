import { HoldfastError } from '../shared/errors.ts';
import { good } from '../view/view.ts';
import { defineCommand } from './command.ts';
import { text } from './field.ts';
import { requireJobs } from './parts/job-control.ts';

export const cancel = defineCommand({
  name: 'cancel',
  summary: 'Cancel a running job; a restore then puts back what was there',
  input: {
    job: text('Job: its ID or the beginning of one; the only one that runs unless given', {
      position: 'JOB',
      completes: 'job',
    }),
  },
  access: 'owner',
  destructive: false,
  json: { job: 'ID of the job', kind: 'what it was doing' },
  async run(context, { job: wanted }): Promise<{ job: string; kind: string }> {
    const control = requireJobs(context);
    const running = control.list().filter(({ state }) => state === 'running' || state === 'pending');
    const found = running.filter(({ id }) => wanted === undefined || id.startsWith(wanted));
    const [only] = found;
    if (only === undefined) {
      const what = wanted === undefined ? 'Nothing runs' : `No running job has the ID ${wanted}`;
      throw new HoldfastError('not_found', what, { advice: 'See /jobs.' });
    }
    if (found.length > 1) {
      const ids = found.map(({ id, kind }) => `${id} (${kind})`).join(', ');
      throw new HoldfastError('usage', `${found.length} jobs run: ${ids}`, { advice: 'Say which one is meant.' });
    }
    if (!control.cancel(only.id, context.identity.name)) {
      throw new HoldfastError('not_found', `Job ${only.id} is ending already`, { advice: 'Wait for its message.' });
    }
    return { job: only.id, kind: only.kind };
  },
  present: ({ job, kind }) => good(`Cancelling job ${job} (${kind}); its message tells when it has ended`),
});
