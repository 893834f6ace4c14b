import type { ProgressEvent } from '../backup/ports.ts';
import type { Confirmation } from '../commands/command.ts';
import type { RawInput } from '../commands/parse-input.ts';
import type { SentError } from '../shared/sent-error.ts';

/**
 * What a command line and the bot beside it say to each other over the bot's socket: one JSON object a line, one request a connection. Secrets are not among it: the bot has its own.
 */
export const CONTROL_VERSION = 1;

interface Asked {
  version: number;
  /** `root@host`, for the audit log. */
  user: string;
  /** As in the registry: `verify`, `key add`. */
  command: string;
  /** Paths in it are absolute. */
  raw: RawInput;
}

export interface RunMessage extends Asked {
  type: 'run';
  /** The question was answered with the request, as by `--yes`. */
  answered: boolean;
  canAsk: boolean;
  /** What is wanted of the outcome: the result for a program, or the View for a person. */
  wants: 'result' | 'view';
}

export type ToBot =
  | RunMessage
  /** The command runs in the command line's own process, and only belongs into the audit log. */
  | ({ type: 'announce' } & Asked)
  | { type: 'ended'; outcome: AnnouncedEnd; detail?: string }
  | { type: 'answer'; yes: boolean }
  | { type: 'cancel' }
  /** The next items of a stream; `stop` when no more are wanted. */
  | { type: 'next'; stream: number; stop?: boolean };

export type AnnouncedEnd = 'completed' | 'failed' | 'cancelled' | 'refused';

export type SentQuestion = Pick<Confirmation, 'view' | 'question' | 'label' | 'need'>;

export type FromBot =
  | { type: 'progress'; event: ProgressEvent }
  | { type: 'warning'; message: string }
  | { type: 'question'; question: unknown }
  /** `content` is the packed result or View. */
  | { type: 'done'; content: unknown; outcome: 'warnings' | 'damaged' | null }
  /** The question was answered with no. */
  | { type: 'declined' }
  | { type: 'noted' }
  | { type: 'error'; error: SentError }
  | { type: 'items'; stream: number; items: readonly unknown[]; done: boolean; error?: SentError };
