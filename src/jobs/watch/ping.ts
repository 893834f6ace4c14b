import { HoldfastError } from '../../shared/errors.ts';

const TIMEOUT_MS = 10_000;

/** Where a success is told is the address itself, and a failure one step below, as dead-man services want it. */
export function pingAddress(address: string, good: boolean): URL {
  const url = new URL(address);
  if (!good) url.pathname = `${url.pathname.replace(/\/$/, '')}/fail`;
  return url;
}

/**
 * Tells a dead-man service that a run went well or failed. The address is a secret and part of no error.
 *
 * @throws HoldfastError `failed` where the service was not reached within seconds, or refused
 */
export async function ping(address: string, good: boolean): Promise<void> {
  let status: number;
  try {
    const answer = await fetch(pingAddress(address, good), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    await answer.body?.cancel();
    status = answer.status;
  } catch (error) {
    throw failure(isTimeout(error) ? `it did not answer within ${TIMEOUT_MS / 1000} seconds` : 'it cannot be reached');
  }
  if (status >= 400) throw failure(`it answered with status ${status}`);
}

const isTimeout = (error: unknown): boolean => error instanceof Error && error.name === 'TimeoutError';

const failure = (reason: string): HoldfastError =>
  new HoldfastError('failed', `The dead-man service could not be told of the run: ${reason}`, {
    advice: 'Check the address that `ping` of the source refers to.',
  });
