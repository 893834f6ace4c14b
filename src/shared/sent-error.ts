import { type ErrorCode, HoldfastError } from './errors.ts';

/** An error on its way to another process. */
export interface SentError {
  code: ErrorCode | undefined;
  message: string;
  advice: string | undefined;
  retryable: boolean;
  details: Record<string, unknown>;
}

export function packError(error: unknown): SentError {
  if (error instanceof HoldfastError) {
    const { code, message, advice, retryable, details } = error;
    return { code, message, advice, retryable, details };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: undefined, message, advice: undefined, retryable: false, details: {} };
}

export function unpackError({ code, message, advice, retryable, details }: SentError): Error {
  if (code === undefined) return new Error(message);
  return new HoldfastError(code, message, { retryable, details, ...(advice !== undefined && { advice }) });
}
