import { HoldfastError } from './errors.ts';

/** Throws `interrupted` (or the HoldfastError that the signal was aborted with) when `signal` is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

/** The error that an operation under an aborted signal rejects with. */
export function abortError(signal: AbortSignal): HoldfastError {
  if (signal.reason instanceof HoldfastError) return signal.reason;
  return new HoldfastError('interrupted', 'The operation was cancelled.', { cause: signal.reason });
}
