import type { ByteString } from '../../../shared/bytes.ts';
import { systemCode } from '../../../shared/errors.ts';
import type { Entry, Xattr } from '../../entry.ts';
import type { FileStatus } from '../../posix/file-status.ts';
import type { Posix } from '../../posix/posix.ts';
import { lastName, parentPath, type SafePath } from '../../posix/safe-path.ts';
import { readXattrs } from '../../posix/xattrs.ts';

/** How what the target has relates to what the snapshot has at the same path. */
export type Verdict = 'same' | 'metadata' | 'content';

/** Without exact times a file may have been restored up to this much earlier. */
const INEXACT_NS = 477n;

export interface CompareOptions {
  /** Owners are compared: this process may set them, and is to. */
  owners: boolean;
  /** Attributes that only the superuser may set are compared. */
  privileged: boolean;
  /** The content's digest decides, not its time: the caller checks it. */
  byDigest: boolean;
}

/** Compares entries (as they would be restored) with what the target has. */
export class Comparison {
  readonly #posix: Posix;
  readonly #paths: SafePath | undefined;
  readonly #options: CompareOptions;

  /** `paths` leads through the target; undefined where that is no folder. */
  constructor(posix: Posix, paths: SafePath | undefined, options: CompareOptions) {
    this.#posix = posix;
    this.#paths = paths;
    this.#options = options;
  }

  compare(path: ByteString, wanted: Entry, found: FileStatus): Verdict {
    if (wanted.type !== found.type || !this.#sameContent(path, wanted, found)) return 'content';
    return this.#sameMetadata(path, wanted, found) ? 'same' : 'metadata';
  }

  #sameContent(path: ByteString, wanted: Entry, found: FileStatus): boolean {
    if (wanted.type === 'file') {
      return wanted.size === found.size && (this.#options.byDigest || this.#sameTime(wanted, found));
    }
    if (wanted.type === 'symlink') return this.#target(path) === wanted.target;
    if (wanted.device === undefined || found.device === undefined) return true;
    return wanted.device.major === found.device.major && wanted.device.minor === found.device.minor;
  }

  #sameMetadata(path: ByteString, wanted: Entry, found: FileStatus): boolean {
    if (!this.#sameTime(wanted, found)) return false;
    if (wanted.type !== 'symlink' && wanted.mode !== found.mode) return false;
    if (this.#options.owners && (differs(wanted.uid, found.uid) || differs(wanted.gid, found.gid))) return false;
    return this.#sameXattrs(path, wanted);
  }

  #sameTime({ mtimeNs }: Entry, found: FileStatus): boolean {
    if (mtimeNs === found.mtimeNs) return true;
    const early = mtimeNs - found.mtimeNs;
    return !this.#posix.capabilities.nanosecondTimes && early > 0n && early <= INEXACT_NS;
  }

  #sameXattrs(path: ByteString, wanted: Entry): boolean {
    if (!this.#posix.capabilities.xattrs || this.#paths === undefined) return true;
    const carrier =
      path === '' ? this.#paths.directory('') : { dir: this.#paths.directory(parentPath(path)), name: lastName(path) };
    const found = readXattrs(this.#posix, carrier).filter(({ name }) => this.#counts(name));
    const expected = (wanted.xattrs ?? []).filter(({ name }) => this.#counts(name));
    return found.length === expected.length && found.every((xattr, i) => sameXattr(xattr, expected[i] as Xattr));
  }

  /** Labels are the system's own business unless the snapshot has them; others need privileges. */
  #counts(name: ByteString): boolean {
    if (name === 'security.selinux') return false;
    return this.#options.privileged || !(name.startsWith('trusted.') || name.startsWith('security.'));
  }

  #target(path: ByteString): ByteString | undefined {
    if (this.#paths === undefined) return undefined;
    try {
      return this.#posix.readSymlink(this.#paths.directory(parentPath(path)), lastName(path));
    } catch (error) {
      if (['ENOENT', 'EINVAL'].includes(systemCode(error) ?? '')) return undefined;
      throw error;
    }
  }
}

/** -1: left as it is. */
function differs(wanted: number, found: number): boolean {
  return wanted !== -1 && wanted !== found;
}

function sameXattr(a: Xattr, b: Xattr): boolean {
  return a.name === b.name && a.value.equals(b.value);
}
