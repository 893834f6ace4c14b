import type { Entry } from '../../entry.ts';
import type { Owners } from '../../posix/owners.ts';
import type { Posix } from '../../posix/posix.ts';
import { readXattrs } from '../../posix/xattrs.ts';
import type { Found } from './walk.ts';

/** Everything about a found object that its status tells; what it holds comes later. */
export function describe(found: Found, owners: Owners): Entry {
  const { status } = found;
  const entry: Entry = {
    path: found.path,
    type: status.type,
    mode: status.mode,
    uid: status.uid,
    gid: status.gid,
    user: owners.userName(status.uid),
    group: owners.groupName(status.gid),
    mtimeNs: status.mtimeNs,
    size: status.type === 'file' ? status.size : 0,
  };
  if (status.device !== undefined) entry.device = status.device;
  return entry;
}

/** Adds what has to be asked for: extended attributes, and the target of a link. For all but regular files. Throws system errors. */
export function complete(entry: Entry, { folder, name }: Found, posix: Posix): void {
  folder.with((dir) => {
    const xattrs = readXattrs(posix, name === '' ? dir : { dir, name });
    if (xattrs.length > 0) entry.xattrs = xattrs;
    if (entry.type === 'symlink') entry.target = posix.readSymlink(dir, name);
  });
}
