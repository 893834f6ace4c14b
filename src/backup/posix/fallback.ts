import fs from 'node:fs';
import type { ByteString } from '../../shared/bytes.ts';
import { toFsPath } from '../../shared/bytes.ts';
import { systemCode } from '../../shared/errors.ts';
import type { Hole } from '../entry.ts';
import { PORTABLE_CAPABILITIES } from './capabilities.ts';
import type { FileStatus } from './file-status.ts';
import { floatTime } from './float-time.ts';
import { checkName, checkPath, checkTarget } from './names.ts';
import { fromStats, NodeDescriptors } from './node-descriptors.ts';
import type { NodeType, Posix } from './posix.ts';
import { renameWithoutFlag } from './rename-without-flag.ts';
import { rethrow, unsupported } from './system-error.ts';

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY, O_DIRECTORY, O_NOATIME } = fs.constants;
/** Linux's number on all architectures (open(2)); Node does not name it. */
const O_PATH = 0o10000000;

const DIRECTORY = O_RDONLY | O_DIRECTORY;
const READING = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
const WRITING = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
const CREATING = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;
const NO_NAMES: readonly ByteString[] = [];

/**
 * The port on Node alone. The kernel resolves `/proc/self/fd/N` to the folder that the descriptor holds, whatever happened to its
 * path since, so `/proc/self/fd/N/name` is as safe as openat. What Node cannot say at all is declared lost.
 */
export class FallbackPosix extends NodeDescriptors implements Posix {
  readonly name = 'fallback';
  readonly capabilities = PORTABLE_CAPABILITIES;

  openRoot(path: ByteString): number {
    checkPath(path);
    return about(path, () => {
      try {
        return fs.openSync(toFsPath(path), DIRECTORY);
      } catch (error) {
        if (systemCode(error) !== 'EACCES') throw error;
        // May be passed through, though not listed: good enough to reach what is in it.
        return fs.openSync(toFsPath(path), DIRECTORY | O_PATH);
      }
    });
  }

  openDirectory(dir: number, name: ByteString): number {
    return open(dir, name, DIRECTORY | O_NOFOLLOW);
  }

  openForReading(dir: number, name: ByteString): number {
    try {
      return open(dir, name, READING | O_NOATIME);
    } catch (error) {
      // Only a file's owner may leave its access time alone.
      if (systemCode(error) !== 'EPERM') throw error;
      return open(dir, name, READING);
    }
  }

  openForWriting(dir: number, name: ByteString): number {
    return open(dir, name, WRITING);
  }

  createFile(dir: number, name: ByteString, mode: number): number {
    return open(dir, name, CREATING, mode);
  }

  close(fd: number): void {
    fs.closeSync(fd);
  }

  names(fd: number): ByteString[] {
    // In latin1 a name has one character per byte, and no byte is lost.
    return fs.readdirSync(`/proc/self/fd/${fd}/`, 'latin1') as ByteString[];
  }

  statusAt(dir: number, name: ByteString): FileStatus {
    const path = pathInside(dir, name);
    return about(name, () => fromStats(fs.lstatSync(path, { bigint: true })));
  }

  makeDirectory(dir: number, name: ByteString, mode: number): void {
    const path = pathInside(dir, name);
    about(name, () => fs.mkdirSync(path, mode));
  }

  makeSymlink(target: ByteString, dir: number, name: ByteString): void {
    checkTarget(target);
    const path = pathInside(dir, name);
    about(name, () => fs.symlinkSync(toFsPath(target), path));
  }

  readSymlink(dir: number, name: ByteString): ByteString {
    const path = pathInside(dir, name);
    return about(name, () => fs.readlinkSync(path, 'latin1') as ByteString);
  }

  link(fromDir: number, fromName: ByteString, toDir: number, toName: ByteString): void {
    const from = pathInside(fromDir, fromName);
    const to = pathInside(toDir, toName);
    about(toName, () => fs.linkSync(from, to));
  }

  makeNode(_dir: number, name: ByteString, _type: NodeType): void {
    checkName(name);
    throw unsupported('mknodat', name);
  }

  unlink(dir: number, name: ByteString): void {
    const path = pathInside(dir, name);
    about(name, () => fs.unlinkSync(path));
  }

  removeDirectory(dir: number, name: ByteString): void {
    const path = pathInside(dir, name);
    about(name, () => fs.rmdirSync(path));
  }

  rename(fromDir: number, fromName: ByteString, toDir: number, toName: ByteString): void {
    const from = pathInside(fromDir, fromName);
    const to = pathInside(toDir, toName);
    about(fromName, () => fs.renameSync(from, to));
  }

  renameNoReplace(fromDir: number, fromName: ByteString, toDir: number, toName: ByteString): void {
    renameWithoutFlag(this, fromDir, fromName, toDir, toName);
  }

  exchange(_fromDir: number, fromName: ByteString, _toDir: number, toName: ByteString): void {
    checkName(fromName);
    checkName(toName);
    throw unsupported('renameat2', fromName);
  }

  setModeAt(dir: number, name: ByteString, mode: number): void {
    const fd = open(dir, name, O_PATH | O_NOFOLLOW);
    try {
      about(name, () => fs.chmodSync(`/proc/self/fd/${fd}`, mode));
    } finally {
      this.close(fd);
    }
  }

  setOwnerAt(dir: number, name: ByteString, uid: number, gid: number): void {
    const path = pathInside(dir, name);
    about(name, () => fs.lchownSync(path, uid, gid));
  }

  setTimes(fd: number, mtimeNs: bigint): void {
    const time = floatTime(mtimeNs);
    fs.futimesSync(fd, time, time);
  }

  setTimesAt(dir: number, name: ByteString, mtimeNs: bigint): void {
    const path = pathInside(dir, name);
    const time = floatTime(mtimeNs);
    about(name, () => fs.lutimesSync(path, time, time));
  }

  xattrNames(): readonly ByteString[] {
    return NO_NAMES;
  }

  xattrNamesAt(_dir: number, name: ByteString): readonly ByteString[] {
    checkName(name);
    return NO_NAMES;
  }

  xattr(): undefined {
    return undefined;
  }

  xattrAt(_dir: number, name: ByteString): undefined {
    checkName(name);
    return undefined;
  }

  setXattr(): void {
    throw unsupported('fsetxattr');
  }

  setXattrAt(_dir: number, name: ByteString): void {
    checkName(name);
    throw unsupported('lsetxattr', name);
  }

  removeXattr(): void {
    throw unsupported('fremovexattr');
  }

  removeXattrAt(_dir: number, name: ByteString): void {
    checkName(name);
    throw unsupported('lremovexattr', name);
  }

  holes(): Hole[] {
    return [];
  }

  allocate(): boolean {
    return false;
  }

  cloneContent(): boolean {
    return false;
  }

  startWriteback(): Promise<void> {
    return Promise.resolve();
  }

  syncFilesystem(): boolean {
    return false;
  }
}

function pathInside(dir: number, name: ByteString): string | Buffer {
  checkName(name);
  return toFsPath(`/proc/self/fd/${dir}/${name}` as ByteString);
}

function open(dir: number, name: ByteString, flags: number, mode?: number): number {
  const path = pathInside(dir, name);
  return about(name, () => fs.openSync(path, flags, mode));
}

function about<T>(name: ByteString, call: () => T): T {
  try {
    return call();
  } catch (error) {
    rethrow(error, name);
  }
}
