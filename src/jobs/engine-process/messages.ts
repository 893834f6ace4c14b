import type { Engine } from '../../backup/engine.ts';
import type { ProgressEvent } from '../../backup/ports.ts';
import type { SentError } from '../../shared/sent-error.ts';

/** What the bot tells an engine process. Sent by structured clone over the process's channel, so that no secret is in arguments or variables. */
export type ToEngine =
  | { type: 'open'; location: string; passphrase: string; background: boolean }
  /** `contextAt` says where among the arguments the operation's context belongs, which stays with the bot. */
  | { type: 'call'; id: number; method: CallMethod; args: readonly unknown[]; contextAt: number | undefined }
  | { type: 'stream'; id: number; method: StreamMethod; args: readonly unknown[] }
  /** The next batch of a stream. */
  | { type: 'next'; id: number }
  | { type: 'abort'; id: number; reason: SentError }
  | { type: 'close' };

/** And what it tells the bot. */
export type FromEngine =
  | {
      type: 'opened';
      location: string;
      repositoryId: string;
      fingerprint: string;
      plainFiles: Record<string, string>;
      warnings: string[];
    }
  | { type: 'refused'; error: SentError }
  /** A mistake of the program, after which the process ends. */
  | { type: 'crashed'; error: { name: string; message: string; stack: string | undefined } }
  | { type: 'result'; id: number; value: unknown }
  | { type: 'error'; id: number; error: SentError }
  | { type: 'progress'; id: number; event: ProgressEvent }
  | { type: 'warning'; id: number; message: string }
  | { type: 'items'; id: number; items: readonly unknown[]; done: boolean };

/** Methods of Engine that can be called from another process. */
export const CALLS = [
  'backup',
  'list',
  'find',
  'facts',
  'diff',
  'restore',
  'verify',
  'forget',
  'prune',
  'pin',
  'unpin',
  'tag',
  'keys',
  'stats',
  'freeBytes',
  'putRunbook',
  'usedBytes',
] as const satisfies readonly (keyof Engine)[];

export const STREAMS = ['entries', 'sha256sums', 'search'] as const satisfies readonly (keyof Engine)[];

export type CallMethod = (typeof CALLS)[number];
export type StreamMethod = (typeof STREAMS)[number];
