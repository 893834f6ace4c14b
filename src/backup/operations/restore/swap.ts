import type { ByteString } from '../../../shared/bytes.ts';
import { HoldfastError, systemCode } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import type { FileStatus } from '../../posix/file-status.ts';
import type { Posix } from '../../posix/posix.ts';
import { lastName, parentPath, SafePath } from '../../posix/safe-path.ts';
import { writeXattrs } from '../../posix/xattrs.ts';
import type { FolderMetadata, SwapPlan, Unit } from './units.ts';

/** Open folders of one target of a restore. */
export interface SwapFolders {
  /** Holds the target; -1 where the journal folder is inside the target. */
  parent: number;
  /** The target's name in `parent`. */
  name: ByteString;
  /** The target as a folder; -1 where it is none. */
  target: number;
  /** What is staged, by unit number. */
  fresh: number;
  /** What was there before, by unit number. */
  old: number;
}

interface Spot {
  dir: number;
  name: ByteString;
}

export function identityOf({ dev, ino }: FileStatus): string {
  return `${dev}:${ino}`;
}

/**
 * Moves what is staged into the target and what was there out of it. Every step looks first at what has been done already, so that both
 * directions can be repeated from wherever a process was killed.
 */
export class Swap {
  readonly #posix: Posix;
  readonly #folders: SwapFolders;
  readonly #paths: SafePath | undefined;

  constructor(posix: Posix, folders: SwapFolders) {
    this.#posix = posix;
    this.#folders = folders;
    this.#paths = folders.target < 0 ? undefined : new SafePath(posix, folders.target);
  }

  /** Makes the target new. Durable when it returns. */
  forward(plan: SwapPlan): void {
    for (const unit of plan.units) {
      if (unit.how === 'put') this.#put(unit);
      else this.#takeAway(unit);
    }
    for (const { path, after } of plan.folders.toReversed()) this.#setFolder(path, after);
    this.#sync(plan);
  }

  /** Makes the target old again. Durable when it returns. */
  back(plan: SwapPlan): void {
    for (const unit of plan.units.toReversed()) this.#undo(unit);
    for (const { path, before } of plan.folders.toReversed()) this.#setFolder(path, before);
    this.#sync(plan);
  }

  close(): void {
    this.#paths?.close();
  }

  #put(unit: Unit): void {
    const spot = this.#spot(unit);
    const name = unitName(unit);
    const { fresh } = this.#folders;
    const present = this.#identity(spot.dir, spot.name);
    if (present !== unit.identity) {
      if (this.#identity(fresh, name) !== unit.identity) throw lostUnit(unit);
      if (present === undefined) this.#moveToFree(fresh, name, spot.dir, spot.name);
      else this.#replace(name, spot);
    }
    this.#putOldAway(unit);
  }

  /** An exchange leaves in `fresh` what was in the target; a rename that was killed may leave a second name of the new. */
  #putOldAway(unit: Unit): void {
    const name = unitName(unit);
    const { fresh, old } = this.#folders;
    const left = this.#identity(fresh, name);
    if (left === undefined) return;
    if (left === unit.identity) this.#posix.unlink(fresh, name);
    else this.#move(fresh, name, old, name);
  }

  #replace(name: ByteString, spot: Spot): void {
    const { fresh, old } = this.#folders;
    try {
      const exchange = () => this.#posix.exchange(fresh, name, spot.dir, spot.name);
      const withOld = () => this.#writable([spot.dir, spot.name], exchange, [fresh, name]);
      this.#writable([fresh, name], withOld, [spot.dir, spot.name]);
      return;
    } catch (error) {
      // No such call here, or not on this file system.
      if (!['ENOTSUP', 'EINVAL', 'ENOSYS', 'EOPNOTSUPP'].includes(systemCode(error) ?? '')) throw error;
    }
    this.#move(spot.dir, spot.name, old, name);
    this.#moveToFree(fresh, name, spot.dir, spot.name);
  }

  #takeAway(unit: Unit): void {
    const spot = this.#spot(unit);
    const { old } = this.#folders;
    // What somebody has made there since then is not what was to go.
    if (this.#identity(old, unitName(unit)) !== undefined) return;
    if (this.#identity(spot.dir, spot.name) !== undefined) {
      this.#move(spot.dir, spot.name, old, unitName(unit));
    }
  }

  #undo(unit: Unit): void {
    const spot = this.#spot(unit);
    const name = unitName(unit);
    const { fresh, old } = this.#folders;
    const isNew = unit.identity !== undefined && this.#identity(spot.dir, spot.name) === unit.identity;
    if (isNew) {
      this.#putOldAway(unit);
      this.#move(spot.dir, spot.name, fresh, name);
    }
    if (this.#identity(old, name) !== undefined) this.#moveToFree(old, name, spot.dir, spot.name);
  }

  #move(fromDir: number, from: ByteString, toDir: number, to: ByteString): void {
    this.#writable([fromDir, from], () => this.#posix.rename(fromDir, from, toDir, to), [toDir, to]);
  }

  #moveToFree(fromDir: number, from: ByteString, toDir: number, to: ByteString): void {
    this.#writable([fromDir, from], () => this.#posix.renameNoReplace(fromDir, from, toDir, to), [toDir, to]);
  }

  /** A folder without write permission cannot change its parent, except for the superuser: it gets it for the moment. */
  #writable([dir, name]: [number, ByteString], move: () => void, after: [number, ByteString] = [dir, name]): void {
    const { type, mode } = this.#posix.statusAt(dir, name);
    const stuck = type === 'directory' && (mode & 0o200) === 0 && process.geteuid?.() !== 0;
    if (stuck) this.#posix.setModeAt(dir, name, mode | 0o200);
    move();
    if (stuck) this.#posix.setModeAt(after[0], after[1], mode);
  }

  #setFolder(path: ByteString, wanted: FolderMetadata): void {
    if (this.#paths === undefined) return;
    const fd = this.#paths.directory(path);
    const { uid, gid, mode } = this.#posix.status(fd);
    if (differs(wanted.uid, uid) || differs(wanted.gid, gid)) this.#chown(fd, wanted);
    if (wanted.mode !== mode || wanted.xattrs.length > 0) this.#posix.setMode(fd, wanted.mode);
    // Refusals were counted when the metadata was compared; they do not keep the swap from its end.
    writeXattrs(this.#posix, fd, wanted.xattrs);
    this.#posix.setTimes(fd, wanted.mtimeNs);
  }

  #chown(fd: number, { uid, gid }: FolderMetadata): void {
    try {
      this.#posix.setOwner(fd, uid, gid);
    } catch (error) {
      if (systemCode(error) !== 'EPERM' && systemCode(error) !== 'EINVAL') throw error;
    }
  }

  #spot({ path }: Unit): Spot {
    if (path === '') return { dir: this.#folders.parent, name: this.#folders.name };
    if (this.#paths === undefined) throw new HoldfastError('internal', 'The target of a restore is no folder.');
    return { dir: this.#paths.directory(parentPath(path)), name: lastName(path) };
  }

  #identity(dir: number, name: ByteString): string | undefined {
    try {
      return identityOf(this.#posix.statusAt(dir, name));
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #sync({ units, folders }: SwapPlan): void {
    const { parent, target } = this.#folders;
    if (parent >= 0) this.#posix.sync(parent);
    if (this.#paths === undefined || units.every(({ path }) => path === '')) return;
    if (this.#posix.syncFilesystem(target)) return;
    const touched = new Set([...units.map(({ path }) => parentPath(path)), ...folders.map(({ path }) => path)]);
    for (const path of touched) this.#posix.sync(this.#paths.directory(path));
  }
}

function unitName({ number }: Unit): ByteString {
  return String(number) as ByteString;
}

function differs(wanted: number, found: number): boolean {
  return wanted !== -1 && wanted !== found;
}

function lostUnit({ path }: Unit): HoldfastError {
  const what = path === '' ? 'the new content' : `the new ${printableName(path)}`;
  return new HoldfastError('failed', `Somebody has moved or removed ${what} from the restore's journal folder.`, {
    advice: 'Look into the journal folder before you remove it: it holds what the target had.',
  });
}
