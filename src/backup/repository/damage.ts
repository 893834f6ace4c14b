import { HoldfastError } from '../../shared/errors.ts';

/** An object that was found, but not as it was written. */
export interface DamagedFinding {
  /** Name in the store. */
  object: string;
  /** What is wrong, without the name. */
  problem: string;
  /** It is as it was written, by a newer program. */
  newer?: boolean;
}

/** What is to be said of an object that cannot be used. Its hash was compared before: what does not look like damage is none. */
export function findingOf(object: string, error: HoldfastError): DamagedFinding {
  return { object, problem: error.message, ...(!isDamage(error) && { newer: true }) };
}

/** True for what no repetition will repair: the bytes are wrong. */
export function isDamage(error: unknown): error is HoldfastError {
  return error instanceof HoldfastError && error.code === 'damaged';
}

/** True for an object that this program cannot use and that another may be read without: damaged, or from a newer program. */
export function isUnusable(error: unknown): error is HoldfastError {
  return isDamage(error) || (error instanceof HoldfastError && error.code === 'unsupported_version');
}

export function isNotFound(error: unknown): boolean {
  return error instanceof HoldfastError && error.code === 'not_found';
}
