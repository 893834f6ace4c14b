import type { Clock } from '../../shared/clock.ts';
import { type ErrorCode, HoldfastError } from '../../shared/errors.ts';
import type { RandomSource } from '../../shared/random.ts';

/** Whatever an error says of itself: these pass only when somebody does something. */
const LASTING: readonly ErrorCode[] = [
  'storage_full',
  'damaged',
  'wrong_passphrase',
  'permission',
  'refused',
  'unsupported_version',
  'config',
  'usage',
  'interrupted',
  'timed_out',
];
const FIRST_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 10 * 60_000;
const FACTOR = 4;

export const mayPass = (error: unknown): error is HoldfastError =>
  error instanceof HoldfastError && error.retryable && !LASTING.includes(error.code);

export interface TryOptions {
  /** How often it is tried again. */
  retries: number;
  clock: Clock;
  random: RandomSource;
  signal: AbortSignal | undefined;
  /** It failed, and is tried again after a wait. */
  onRetry: (error: HoldfastError, waitMs: number) => void;
}

/** Tries again what failed for a reason that may pass by itself: after 10 s, 40 s and so on, at most 10 minutes, each longer or shorter by up to a quarter. */
export async function tryAgain<T>(attempt: () => Promise<T>, options: TryOptions): Promise<T> {
  const { retries, clock, random, signal, onRetry } = options;
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (!mayPass(error) || failures >= retries || signal?.aborted) throw error;
      const jitter = 0.75 + random.bytes(1).readUInt8() / 512;
      const waitMs = Math.round(Math.min(FIRST_WAIT_MS * FACTOR ** failures, LONGEST_WAIT_MS) * jitter);
      onRetry(error, waitMs);
      await clock.sleep(waitMs, signal);
    }
  }
}
