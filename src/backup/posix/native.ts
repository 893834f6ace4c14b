import fs from 'node:fs';
import { constants } from 'node:os';
import type { ByteString } from '../../shared/bytes.ts';
import { systemCode } from '../../shared/errors.ts';
import type { EntryType, Hole } from '../entry.ts';
import { Arena, BULK_SIZE } from './arena.ts';
import { ALL_CAPABILITIES } from './capabilities.ts';
import type { FileStatus } from './file-status.ts';
import { isDevice, makeDevice, TYPE_BITS, typeOfMode } from './file-status.ts';
import type { Libc } from './libc.ts';
import { NodeDescriptors } from './node-descriptors.ts';
import type { NodeType, Posix } from './posix.ts';
import { MAX_HOLES } from './posix.ts';
import { renameWithoutFlag } from './rename-without-flag.ts';
import { systemError } from './system-error.ts';

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY, O_DIRECTORY, O_NOATIME } = fs.constants;
const { EPERM, EINTR, ENXIO, ENODATA, ENOTSUP, EINVAL, ENOSYS, EXDEV, ENOTTY } = constants.errno;
// Linux's values where Node names none (fcntl.h, linux/fs.h, linux/stat.h); the same on every architecture that libc.ts knows.
const O_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const AT_NO_AUTOMOUNT = 0x800;
const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;
const SEEK_SET = 0;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const STATX_BASIC_STATS = 0x7ff;
const FICLONE = 0x40049409;

const DIRECTORY = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
const READING = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
const WRITING = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
const CREATING = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
const NO_NAMES: readonly ByteString[] = [];

/** The port on the C library: every capability, and no path is ever resolved twice. One instance per thread. */
export class NativePosix extends NodeDescriptors implements Posix {
  readonly name = 'native';
  readonly capabilities = ALL_CAPABILITIES;
  readonly #libc: Libc;
  readonly #arena: Arena;

  constructor(libc: Libc) {
    super();
    this.#libc = libc;
    this.#arena = new Arena(libc.address);
  }

  openRoot(path: ByteString): number {
    try {
      return this.#open(AT_FDCWD, this.#arena.path(path), path, DIRECTORY, 0);
    } catch (error) {
      if (systemCode(error) !== 'EACCES') throw error;
      // May be passed through, though not listed: good enough to reach what is in it.
      return this.#open(AT_FDCWD, this.#arena.path(path), path, DIRECTORY | O_PATH, 0);
    }
  }

  openDirectory(dir: number, name: ByteString): number {
    return this.#open(dir, this.#arena.name(name), name, DIRECTORY | O_NOFOLLOW, 0);
  }

  openForReading(dir: number, name: ByteString): number {
    const address = this.#arena.name(name);
    const fd = this.#libc.openat(dir, address, READING | O_NOATIME, 0);
    if (fd >= 0) return fd;
    const errno = this.#libc.errno();
    // Only a file's owner may leave its access time alone.
    if (errno === EPERM || errno === EINTR) return this.#open(dir, address, name, READING, 0);
    throw systemError(errno, 'openat', name);
  }

  openForWriting(dir: number, name: ByteString): number {
    return this.#open(dir, this.#arena.name(name), name, WRITING, 0);
  }

  createFile(dir: number, name: ByteString, mode: number): number {
    return this.#open(dir, this.#arena.name(name), name, CREATING, mode);
  }

  close(fd: number): void {
    if (this.#libc.close(fd) >= 0) return;
    const errno = this.#libc.errno();
    // Linux has closed the descriptor by then; a second try could hit another thread's.
    if (errno !== EINTR) throw systemError(errno, 'close');
  }

  names(fd: number): ByteString[] {
    this.#check(this.#libc.lseek(fd, 0, SEEK_SET), 'lseek');
    const names: ByteString[] = [];
    for (;;) {
      const filled = this.#check(this.#libc.getdents64(fd, this.#arena.bulkAddress, BULK_SIZE), 'getdents64');
      if (filled === 0) return names;
      this.#collectNames(filled, names);
    }
  }

  statusAt(dir: number, name: ByteString): FileStatus {
    const { statxAddress } = this.#arena;
    const flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
    const result = this.#libc.statx(dir, this.#arena.name(name), flags, STATX_BASIC_STATS, statxAddress);
    this.#check(result, 'statx', name);
    return decodeStatx(this.#arena.view, this.#arena.statxOffset);
  }

  makeDirectory(dir: number, name: ByteString, mode: number): void {
    this.#check(this.#libc.mkdirat(dir, this.#arena.name(name), mode), 'mkdirat', name);
  }

  makeSymlink(target: ByteString, dir: number, name: ByteString): void {
    this.#check(this.#libc.symlinkat(this.#arena.target(target), dir, this.#arena.name(name)), 'symlinkat', name);
  }

  readSymlink(dir: number, name: ByteString): ByteString {
    const { bulkAddress, bulkOffset, bytes } = this.#arena;
    const length = this.#libc.readlinkat(dir, this.#arena.name(name), bulkAddress, BULK_SIZE);
    this.#check(length, 'readlinkat', name);
    return bytes.toString('latin1', bulkOffset, bulkOffset + length) as ByteString;
  }

  link(fromDir: number, fromName: ByteString, toDir: number, toName: ByteString): void {
    const from = this.#arena.name(fromName);
    const to = this.#arena.secondName(toName);
    this.#check(this.#libc.linkat(fromDir, from, toDir, to, 0), 'linkat', toName);
  }

  makeNode(
    dir: number,
    name: ByteString,
    type: NodeType,
    mode: number,
    device: { major: number; minor: number },
  ): void {
    const bits = TYPE_BITS[type] * 0x1000 + mode;
    const encoded = isDevice(type) ? makeDevice(device.major, device.minor) : 0;
    this.#check(this.#libc.mknodat(dir, this.#arena.name(name), bits, encoded), 'mknodat', name);
  }

  unlink(dir: number, name: ByteString): void {
    this.#check(this.#libc.unlinkat(dir, this.#arena.name(name), 0), 'unlinkat', name);
  }

  removeDirectory(dir: number, name: ByteString): void {
    this.#check(this.#libc.unlinkat(dir, this.#arena.name(name), AT_REMOVEDIR), 'unlinkat', name);
  }

  rename(fromDir: number, fromName: ByteString, toDir: number, toName: ByteString): void {
    const from = this.#arena.name(fromName);
    const to = this.#arena.secondName(toName);
    this.#check(this.#libc.renameat(fromDir, from, toDir, to), 'renameat', fromName);
  }

  renameNoReplace(fromDir: number, fromName: ByteString, toDir: number, toName: ByteString): void {
    const errno = this.#renameWithFlags(fromDir, fromName, toDir, toName, RENAME_NOREPLACE);
    // The file system does not know the flag.
    if (errno === EINVAL || errno === ENOSYS) renameWithoutFlag(this, fromDir, fromName, toDir, toName);
    else if (errno !== 0) throw systemError(errno, 'renameat2', fromName);
  }

  exchange(fromDir: number, fromName: ByteString, toDir: number, toName: ByteString): void {
    const errno = this.#renameWithFlags(fromDir, fromName, toDir, toName, RENAME_EXCHANGE);
    if (errno !== 0) throw systemError(errno, 'renameat2', fromName);
  }

  setModeAt(dir: number, name: ByteString, mode: number): void {
    const fd = this.#open(dir, this.#arena.name(name), name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    try {
      fs.chmodSync(`/proc/self/fd/${fd}`, mode);
    } finally {
      this.close(fd);
    }
  }

  setOwnerAt(dir: number, name: ByteString, uid: number, gid: number): void {
    const result = this.#libc.fchownat(dir, this.#arena.name(name), uid >>> 0, gid >>> 0, AT_SYMLINK_NOFOLLOW);
    this.#check(result, 'fchownat', name);
  }

  setTimes(fd: number, mtimeNs: bigint): void {
    this.#check(this.#libc.futimens(fd, this.#arena.times(mtimeNs)), 'futimens');
  }

  setTimesAt(dir: number, name: ByteString, mtimeNs: bigint): void {
    const times = this.#arena.times(mtimeNs);
    this.#check(this.#libc.utimensat(dir, this.#arena.name(name), times, AT_SYMLINK_NOFOLLOW), 'utimensat', name);
  }

  xattrNames(fd: number): readonly ByteString[] {
    return this.#xattrList(this.#libc.flistxattr(fd, this.#arena.bulkAddress, BULK_SIZE), 'flistxattr');
  }

  xattrNamesAt(dir: number, name: ByteString): readonly ByteString[] {
    const path = this.#arena.pathInside(dir, name);
    return this.#xattrList(this.#libc.llistxattr(path, this.#arena.bulkAddress, BULK_SIZE), 'llistxattr', name);
  }

  xattr(fd: number, attribute: ByteString): Buffer | undefined {
    const name = this.#arena.xattrName(attribute);
    return this.#xattrValue(this.#libc.fgetxattr(fd, name, this.#arena.bulkAddress, BULK_SIZE), 'fgetxattr', attribute);
  }

  xattrAt(dir: number, name: ByteString, attribute: ByteString): Buffer | undefined {
    const path = this.#arena.pathInside(dir, name);
    const length = this.#libc.lgetxattr(path, this.#arena.xattrName(attribute), this.#arena.bulkAddress, BULK_SIZE);
    return this.#xattrValue(length, 'lgetxattr', name);
  }

  setXattr(fd: number, attribute: ByteString, value: Uint8Array): void {
    const name = this.#arena.xattrName(attribute);
    const result = this.#libc.fsetxattr(fd, name, this.#bulk(value), value.length, 0);
    this.#check(result, 'fsetxattr', attribute);
  }

  setXattrAt(dir: number, name: ByteString, attribute: ByteString, value: Uint8Array): void {
    const path = this.#arena.pathInside(dir, name);
    const result = this.#libc.lsetxattr(path, this.#arena.xattrName(attribute), this.#bulk(value), value.length, 0);
    this.#check(result, 'lsetxattr', name);
  }

  removeXattr(fd: number, attribute: ByteString): void {
    this.#check(this.#libc.fremovexattr(fd, this.#arena.xattrName(attribute)), 'fremovexattr', attribute);
  }

  removeXattrAt(dir: number, name: ByteString, attribute: ByteString): void {
    const path = this.#arena.pathInside(dir, name);
    this.#check(this.#libc.lremovexattr(path, this.#arena.xattrName(attribute)), 'lremovexattr', name);
  }

  holes(fd: number, size: number): Hole[] {
    const holes: Hole[] = [];
    let offset = 0;
    while (offset < size && holes.length < MAX_HOLES) {
      const start = Math.min(this.#seek(fd, offset, SEEK_HOLE) ?? size, size);
      const end = start < size ? Math.min(this.#seek(fd, start, SEEK_DATA) ?? size, size) : size;
      if (end > start) holes.push({ offset: start, length: end - start });
      // A file that changes meanwhile may answer the same place twice.
      offset = Math.max(end, start, offset + 1);
    }
    return holes;
  }

  allocate(fd: number, size: number): boolean {
    for (;;) {
      if (size === 0 || this.#libc.fallocate(fd, 0, 0, size) >= 0) return true;
      const errno = this.#libc.errno();
      if (errno === ENOTSUP || errno === ENOSYS) return false;
      if (errno !== EINTR) throw systemError(errno, 'fallocate');
    }
  }

  cloneContent(fromFd: number, toFd: number): boolean {
    if (this.#libc.ficlone(toFd, FICLONE, fromFd) >= 0) return true;
    const errno = this.#libc.errno();
    if ([ENOTSUP, ENOTTY, EXDEV, EINVAL, ENOSYS].includes(errno)) return false;
    throw systemError(errno, 'ioctl(FICLONE)');
  }

  startWriteback(fd: number): Promise<void> {
    return new Promise((resolve) => this.#libc.startSyncfs(fd, resolve));
  }

  syncFilesystem(fd: number): boolean {
    this.#check(this.#libc.syncfs(fd), 'syncfs');
    return true;
  }

  #open(dir: number, address: number, name: ByteString, flags: number, mode: number): number {
    for (;;) {
      const fd = this.#libc.openat(dir, address, flags, mode);
      if (fd >= 0) return fd;
      const errno = this.#libc.errno();
      if (errno !== EINTR) throw systemError(errno, 'openat', name);
    }
  }

  #check(result: number, syscall: string, name?: ByteString): number {
    if (result < 0) throw systemError(this.#libc.errno(), syscall, name);
    return result;
  }

  /** Returns 0 or the error number. */
  #renameWithFlags(fromDir: number, from: ByteString, toDir: number, to: ByteString, flags: number): number {
    const fromAddress = this.#arena.name(from);
    const toAddress = this.#arena.secondName(to);
    return this.#libc.renameat2(fromDir, fromAddress, toDir, toAddress, flags) < 0 ? this.#libc.errno() : 0;
  }

  /** The records of getdents64(2): inode 8, offset 8, length 2, type 1, name and NUL. */
  #collectNames(filled: number, names: ByteString[]): void {
    const { bytes, bulkOffset } = this.#arena;
    const end = bulkOffset + filled;
    for (let record = bulkOffset; record < end; record += bytes.readUInt16LE(record + 16)) {
      const start = record + 19;
      // A call of indexOf costs more than looking at the few bytes of a name.
      let stop = start;
      while (bytes[stop] !== 0) stop++;
      const name = bytes.toString('latin1', start, stop) as ByteString;
      if (name !== '.' && name !== '..') names.push(name);
    }
  }

  #bulk(value: Uint8Array): number {
    if (value.length > BULK_SIZE) throw systemError(constants.errno.E2BIG, 'setxattr');
    this.#arena.bytes.set(value, this.#arena.bulkOffset);
    return this.#arena.bulkAddress;
  }

  #xattrList(length: number, syscall: string, name?: ByteString): readonly ByteString[] {
    if (length === 0) return NO_NAMES;
    if (length < 0) {
      const errno = this.#libc.errno();
      if (errno === ENOTSUP) return NO_NAMES;
      throw systemError(errno, syscall, name);
    }
    const { bytes, bulkOffset } = this.#arena;
    return bytes.toString('latin1', bulkOffset, bulkOffset + length - 1).split('\0') as ByteString[];
  }

  #xattrValue(length: number, syscall: string, name: ByteString): Buffer | undefined {
    if (length < 0) {
      const errno = this.#libc.errno();
      if (errno === ENODATA || errno === ENOTSUP) return undefined;
      throw systemError(errno, syscall, name);
    }
    const { bytes, bulkOffset } = this.#arena;
    return Buffer.from(bytes.subarray(bulkOffset, bulkOffset + length));
  }

  /** The next hole or data from `offset` on; undefined when the file ends before. */
  #seek(fd: number, offset: number, whence: number): number | undefined {
    const found = this.#libc.lseek(fd, offset, whence);
    if (found >= 0) return found;
    const errno = this.#libc.errno();
    // EINVAL: a file system that knows no holes, so everything is data.
    if (errno === ENXIO || errno === EINVAL) return undefined;
    throw systemError(errno, 'lseek');
  }
}

/** The fields of struct statx (statx(2)), whose layout is the same on every architecture. */
function decodeStatx(view: DataView, at: number): FileStatus {
  const mode = view.getUint16(at + 28, true);
  const type: EntryType = typeOfMode(mode);
  const status: FileStatus = {
    type,
    mode: mode & 0o7777,
    uid: view.getUint32(at + 20, true),
    gid: view.getUint32(at + 24, true),
    dev: makeDevice(view.getUint32(at + 136, true), view.getUint32(at + 140, true)),
    ino: view.getBigUint64(at + 32, true),
    nlink: view.getUint32(at + 16, true),
    size: readSize(view, at + 40),
    blocks: readSize(view, at + 48),
    mtimeNs: readTime(view, at + 112),
    ctimeNs: readTime(view, at + 96),
  };
  if (isDevice(type)) {
    status.device = { major: view.getUint32(at + 128, true), minor: view.getUint32(at + 132, true) };
  }
  return status;
}

function readSize(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x100000000;
}

function readTime(view: DataView, at: number): bigint {
  return view.getBigInt64(at, true) * 1_000_000_000n + BigInt(view.getUint32(at + 8, true));
}
