import { HoldfastError } from '../../shared/errors.ts';

/** What was found about one thing; `fix` says what to do where it is not well. */
export interface Finding {
  /** What was looked at, such as `repository`. */
  check: string;
  status: 'ok' | 'warning' | 'problem';
  found: string;
  fix?: string | undefined;
}

export const ok = (check: string, found: string): Finding => ({ check, status: 'ok', found });
export const doubt = (check: string, found: string, fix: string): Finding => ({ check, status: 'warning', found, fix });
export const problem = (check: string, found: string, fix?: string): Finding => ({
  check,
  status: 'problem',
  found,
  fix,
});

/** A failure as what was found. */
export function failure(check: string, error: unknown): Finding {
  if (error instanceof HoldfastError) return problem(check, error.message, error.advice);
  return problem(check, error instanceof Error ? error.message : String(error));
}
