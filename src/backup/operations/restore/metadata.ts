import type { ByteString } from '../../../shared/bytes.ts';
import { systemCode } from '../../../shared/errors.ts';
import type { Entry } from '../../entry.ts';
import type { Posix } from '../../posix/posix.ts';

const SET_IDS = 0o6000;
/** The target does not take the attribute, or not from this user: everything else can still be restored. */
const XATTR_REFUSALS = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'E2BIG', 'ENOSPC', 'ERANGE']);

/** What could not be set although everything else was. */
export interface MetadataLosses {
  foreign(path: ByteString): void;
  xattr(name: ByteString): void;
}

export type Metadata = Pick<Entry, 'mode' | 'uid' | 'gid' | 'mtimeNs' | 'xattrs'>;

/**
 * Sets owner, mode, extended attributes and times, in the order in which none undoes another (chown clears set-ID bits and
 * capabilities, chmod rewrites an ACL's mask, each of them is no change of content). An owner that this process may not set costs the
 * set-ID bits too: they would apply to somebody else.
 */
export class MetadataWriter {
  readonly #posix: Posix;
  readonly #losses: MetadataLosses;
  readonly #uid: number;
  readonly #gid: number;

  constructor(posix: Posix, losses: MetadataLosses) {
    this.#posix = posix;
    this.#losses = losses;
    this.#uid = process.geteuid?.() ?? -1;
    this.#gid = process.getegid?.() ?? -1;
  }

  /** For an open file or folder that this process has just made, whose mode is `madeWith`. */
  toNew(fd: number, wanted: Metadata, madeWith: number, path: ByteString): void {
    const own = this.#isOwn(wanted) || this.#chown(() => this.#posix.setOwner(fd, wanted.uid, wanted.gid), path);
    const mode = own ? wanted.mode : wanted.mode & ~SET_IDS;
    if (mode !== madeWith) this.#posix.setMode(fd, mode);
    this.#xattrs(wanted, (name, value) => this.#posix.setXattr(fd, name, value));
    this.#posix.setTimes(fd, wanted.mtimeNs);
  }

  /** For what cannot be opened. */
  toName(dir: number, name: ByteString, wanted: Metadata, isLink: boolean, path: ByteString): void {
    const own =
      this.#isOwn(wanted) || this.#chown(() => this.#posix.setOwnerAt(dir, name, wanted.uid, wanted.gid), path);
    if (!isLink) this.#posix.setModeAt(dir, name, own ? wanted.mode : wanted.mode & ~SET_IDS);
    this.#xattrs(wanted, (attribute, value) => this.#posix.setXattrAt(dir, name, attribute, value));
    this.#posix.setTimesAt(dir, name, wanted.mtimeNs);
  }

  #isOwn({ uid, gid }: Metadata): boolean {
    return (uid === -1 || uid === this.#uid) && (gid === -1 || gid === this.#gid);
  }

  #chown(call: () => void, path: ByteString): boolean {
    try {
      call();
      return true;
    } catch (error) {
      const code = systemCode(error);
      // EINVAL: a number that this user namespace does not know.
      if (code !== 'EPERM' && code !== 'EINVAL') throw error;
      this.#losses.foreign(path);
      return false;
    }
  }

  #xattrs({ xattrs }: Metadata, set: (name: ByteString, value: Uint8Array) => void): void {
    if (xattrs === undefined || !this.#posix.capabilities.xattrs) return;
    for (const { name, value } of xattrs) {
      try {
        set(name, value);
      } catch (error) {
        if (!XATTR_REFUSALS.has(systemCode(error) ?? '')) throw error;
        this.#losses.xattr(name);
      }
    }
  }
}
