import { HoldfastError } from '../../shared/errors.ts';

/** docs/FORMAT.md section 2. No leading dot keeps out `..` and the hidden files that systems strew into folders. */
const COMPONENT = '[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}';
const NAME = new RegExp(`^(?!tmp(?:/|$))${COMPONENT}(?:/${COMPONENT}){0,3}$`);
const PREFIX = /^(?!tmp(?:\/|$))(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/){0,3}(?:[A-Za-z0-9_-][A-Za-z0-9._-]*)?$/;

export function isObjectName(name: string): boolean {
  return NAME.test(name);
}

/** Throws `usage` unless `name` is 1 to 4 components of `[A-Za-z0-9._-]` that begin with no dot, outside `tmp/`. */
export function checkObjectName(name: string): void {
  if (!isObjectName(name)) throw refusal(name, 'object name');
}

/** Throws `usage` unless some object name could begin with `prefix`. The empty prefix means all objects. */
export function checkPrefix(prefix: string): void {
  if (!PREFIX.test(prefix)) throw refusal(prefix, 'prefix of object names');
}

function refusal(name: string, what: string): HoldfastError {
  return new HoldfastError('usage', `Not an ${what}: ${JSON.stringify(name)}.`.replace('an prefix', 'a prefix'));
}
