import { namesOn } from '../../commands/registry.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { onOneLine } from '../../shared/printable.ts';
import type { JobRecord } from '../../state/document.ts';
import { command, duration, time } from '../../view/value.ts';
import { bad, type Sentence, type Tone, type View } from '../../view/view.ts';
import type { Person } from '../platform.ts';
import type { Refusal } from './buttons.ts';

/** What the bot says by itself. */

/** Tells a stranger nothing but who they are. */
export const strangerView = ({ id: own }: Person): View => ({
  kind: 'status',
  tone: 'bad',
  text: 'You may not use this bot.',
  next: `Your ID here is ${own}.`,
});

const REFUSALS: Readonly<Record<Refusal, string>> = {
  unknown: 'This button is not known any more. Ask again.',
  expired: 'This button has expired, and nothing was done. Ask again.',
  used: 'This button was used already. It works once.',
  ended: 'That job has ended already.',
  'other person': 'This button belongs to whoever asked. Ask yourself to get your own.',
  'own request': 'You asked for this, so another owner has to approve it.',
  'other channel': 'This button belongs to another channel.',
};

export const refusalView = (refusal: Refusal): View => ({ kind: 'status', tone: 'warning', text: REFUSALS[refusal] });

export function errorView(error: unknown): View {
  if (!(error instanceof HoldfastError)) return bad('Something went wrong inside the bot; its log says more');
  const { message, advice } = error;
  return {
    kind: 'status',
    tone: 'bad',
    text: inChatWords(onOneLine(message)),
    ...(advice !== undefined && { next: inChatWords(advice) }),
  };
}

/**
 * The engine calls options by what they are at a shell, `--to`; in a chat they are called `to`. Commands are shown as they are typed there: `/help` is one of
 * Slack's own.
 */
function inChatWords(said: string): Sentence {
  const names = namesOn('chat');
  const words = said.replace(/(?<![\w-])--([a-z][a-z-]*)/g, '`$1`').split(/(?<![\w/.-])\/([a-z]+)(?![\w/])/);
  return words.map((word, i) => {
    if (i % 2 === 0) return word;
    return names.includes(word) ? command(word) : `/${word}`;
  });
}

/** Nothing is known yet but what is being done. */
export const waitingView = (phase: string): View => ({
  kind: 'progress',
  progress: {
    phase,
    files: 0,
    bytes: 0,
    totalFiles: undefined,
    totalBytes: undefined,
    current: undefined,
    share: undefined,
    bytesPerSecond: undefined,
    remainingMs: undefined,
    elapsedMs: 0,
  },
});

export const busyView = (job: JobRecord): View => ({
  kind: 'status',
  tone: 'warning',
  text: [
    `Job ${job.id} (${job.kind}) ${job.state === 'pending' ? 'waits to work' : 'is working'} on ${job.source} since `,
    time(job.started),
  ],
  next: ['Wait until it has ended, or ', command('cancel'), ' it.'],
});

const ENDS: Readonly<Record<string, { tone: Tone; word: string }>> = {
  completed: { tone: 'good', word: 'completed' },
  completed_with_warnings: { tone: 'warning', word: 'completed with warnings' },
  failed: { tone: 'bad', word: 'failed' },
  cancelled: { tone: 'warning', word: 'was cancelled' },
  interrupted: { tone: 'bad', word: 'was interrupted' },
};

export const jobName = ({ kind, source }: Pick<JobRecord, 'kind' | 'source'>): string =>
  source === undefined ? kind : `${kind} of ${source}`;

/** How a job ended, where nothing better is known of it. */
export function endView(job: JobRecord): View {
  const { tone, word } = ENDS[job.state] ?? { tone: 'plain', word: job.state };
  const next = job.state === 'interrupted' ? afterInterruption(job.kind) : undefined;
  return {
    kind: 'status',
    tone,
    text: [`The ${jobName(job)} (job ${job.id}) ${word}`, job.result === undefined ? '' : `: ${job.result}`],
    ...(next && { next }),
  };
}

/** A restore that was cut off is put back, or finished where it was nearly through, when the repository is opened next: at the start of the bot. */
const afterInterruption = (kind: string): string =>
  kind === 'restore'
    ? 'Nothing is half done: the target is as it was before, or as in the backup. Ask again to see which.'
    : 'Nothing is half done. Ask again.';

/** Below a result: which job it was. */
export const signature = (job: JobRecord, tookMs: number): View => ({
  kind: 'text',
  tone: 'quiet',
  text: [`Job ${job.id} by ${job.who.name}, `, duration(tookMs)],
});

export const changedView: View = {
  kind: 'status',
  tone: 'warning',
  text: 'What this would do has changed since it was shown: the target or the options are not the same. Nothing was done.',
  next: 'Ask again.',
};
