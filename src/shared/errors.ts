/**
 * Every failure that a person or a script may see. The code is stable (scripts match on it), the exit
 * status derives from it, and `advice` says what to do next. Nothing secret ever goes into a message.
 */

/** Exit status by code: the single table from which the command line and the documentation are made. */
export const ERROR_EXITS = {
  failed: 1,
  internal: 1,
  usage: 2,
  config: 2,
  warnings: 3,
  not_found: 10,
  locked: 11,
  wrong_passphrase: 12,
  damaged: 13,
  storage_full: 14,
  refused: 15,
  pre_restore_failed: 15,
  unsupported_version: 1,
  not_a_repository: 10,
  unreadable: 1,
  permission: 1,
  store_failed: 1,
  store_unavailable: 10,
  platform_unavailable: 1,
  command_failed: 1,
  timed_out: 1,
  interrupted: 130,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof ERROR_EXITS;

export interface ErrorOptions {
  /** What to do next, as one imperative sentence. */
  advice?: string;
  cause?: unknown;
  /** True when the same call may succeed later without anyone changing anything. */
  retryable?: boolean;
  /** Facts for `--json`: plain JSON values, never secrets. */
  details?: Record<string, unknown>;
}

export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  readonly code: ErrorCode;
  readonly advice: string | undefined;
  readonly retryable: boolean;
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.advice = options.advice;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }

  get exitStatus(): number {
    return ERROR_EXITS[this.code];
  }
}

/** The code of a Node system error (`ENOSPC` ...), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : undefined;
}

/** System errors that mean "no room left", whatever call they come from. */
export function isNoSpace(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT' || (error instanceof HoldfastError && error.code === 'storage_full');
}
