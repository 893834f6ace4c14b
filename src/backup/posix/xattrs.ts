import type { ByteString } from '../../shared/bytes.ts';
import type { Xattr } from '../entry.ts';
import type { Posix } from './posix.ts';

/** What carries attributes: an open file or folder, or a name inside one (links, FIFOs and what cannot be opened). */
export type XattrCarrier = number | { dir: number; name: ByteString };

const NONE: readonly Xattr[] = [];

// XFS shows ACLs a second time under these names, in its own layout; they cannot be written back.
const SYNTHETIC = new Set<string>(['trusted.SGI_ACL_FILE', 'trusted.SGI_ACL_DEFAULT']);

/** All attributes, ACLs and file capabilities among them, sorted by name. One that vanishes meanwhile is left out. */
export function readXattrs(posix: Posix, carrier: XattrCarrier): readonly Xattr[] {
  const names = namesOf(posix, carrier);
  if (names.length === 0) return NONE;
  const xattrs: Xattr[] = [];
  for (const name of [...names].sort()) {
    const value =
      typeof carrier === 'number' ? posix.xattr(carrier, name) : posix.xattrAt(carrier.dir, carrier.name, name);
    if (value !== undefined) xattrs.push({ name, value });
  }
  return xattrs;
}

/** An attribute that could not be made as wanted, with the system's error. */
export interface XattrFailure {
  name: ByteString;
  error: unknown;
}

/**
 * Makes the attributes exactly `wanted`: the others go, above all ACLs that the parent folder's default ACL has put there. Call it
 * after owner and mode (a change of owner clears file capabilities, a change of mode rewrites an ACL's mask)
 * and before the times. One that the system refuses does not stop the rest: all refusals are returned.
 */
export function writeXattrs(posix: Posix, carrier: XattrCarrier, wanted: readonly Xattr[]): XattrFailure[] {
  const failures: XattrFailure[] = [];
  const attempt = (name: ByteString, call: () => void) => {
    try {
      call();
    } catch (error) {
      failures.push({ name, error });
    }
  };
  for (const name of namesOf(posix, carrier)) {
    if (!wanted.some((xattr) => xattr.name === name)) attempt(name, () => remove(posix, carrier, name));
  }
  for (const { name, value } of wanted) attempt(name, () => set(posix, carrier, name, value));
  return failures;
}

function namesOf(posix: Posix, carrier: XattrCarrier): readonly ByteString[] {
  const names = typeof carrier === 'number' ? posix.xattrNames(carrier) : posix.xattrNamesAt(carrier.dir, carrier.name);
  return names.length === 0 ? names : names.filter((name) => !SYNTHETIC.has(name));
}

function set(posix: Posix, carrier: XattrCarrier, name: ByteString, value: Uint8Array): void {
  if (typeof carrier === 'number') posix.setXattr(carrier, name, value);
  else posix.setXattrAt(carrier.dir, carrier.name, name, value);
}

function remove(posix: Posix, carrier: XattrCarrier, name: ByteString): void {
  if (typeof carrier === 'number') posix.removeXattr(carrier, name);
  else posix.removeXattrAt(carrier.dir, carrier.name, name);
}
