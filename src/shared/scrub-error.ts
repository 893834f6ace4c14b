import { HoldfastError } from './errors.ts';
import { scrubValue } from './scrub.ts';

type Scrub = (text: string) => string;

/** The same failure without secrets, in its words, its stack, its details and whatever caused it. */
export function scrubError(thrown: unknown, scrub: Scrub): Error {
  const clean = scrubValue(thrown, scrub);
  if (!(thrown instanceof Error)) return new Error(String(clean));
  const { name, message, stack, cause } = clean as { name: string; message: string; stack?: string; cause?: unknown };
  const error =
    thrown instanceof HoldfastError
      ? cleanHoldfastError(thrown, scrub, cause)
      : Object.assign(new Error(message, { cause }), { name });
  if (stack !== undefined) error.stack = stack;
  return error;
}

function cleanHoldfastError(error: HoldfastError, scrub: Scrub, cause: unknown): HoldfastError {
  const { code, message, advice, retryable, details } = error;
  return new HoldfastError(code, scrub(message), {
    ...(advice !== undefined && { advice: scrub(advice) }),
    ...(cause !== undefined && { cause }),
    retryable,
    details: scrubValue(details, scrub) as Record<string, unknown>,
  });
}
