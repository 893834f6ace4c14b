import type { ByteString } from '../../shared/bytes.ts';
import type { Xattr } from '../entry.ts';
import type { Posix } from './posix.ts';

/** All extended attributes of an open file or folder, sorted by name. One that goes away meanwhile is left out. */
export function readXattrs(posix: Posix, fd: number): Xattr[] {
  return collect(posix.xattrNames(fd), (name) => posix.xattr(fd, name));
}

/** The same for what cannot be opened: links, FIFOs, sockets, devices. */
export function readXattrsAt(posix: Posix, dir: number, name: ByteString): Xattr[] {
  return collect(posix.xattrNamesAt(dir, name), (attribute) => posix.xattrAt(dir, name, attribute));
}

/** Kept by the kernel for its own use on XFS; it mirrors the POSIX ACLs, which are read by their own names. */
const SKIPPED = 'trusted.SGI_ACL_FILE';

function collect(names: readonly ByteString[], value: (name: ByteString) => Buffer | undefined): Xattr[] {
  if (names.length === 0) return [];
  const xattrs: Xattr[] = [];
  for (const name of names) {
    const found = name === SKIPPED ? undefined : value(name);
    if (found !== undefined) xattrs.push({ name, value: found });
  }
  return xattrs.sort((a, b) => (a.name < b.name ? -1 : 1));
}
