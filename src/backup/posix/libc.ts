import { createRequire } from 'node:module';
import process from 'node:process';
import type koffiModule from 'koffi';

/**
 * The C library's calls that the native implementation makes: the only file with foreign signatures. Every
 * pointer is an address as a number, into memory that the caller keeps alive. All return -1 on failure, with
 * the reason in `errno()` until the next call. The layouts hold on 64-bit little-endian Linux, glibc and musl.
 */
export interface Libc {
  /** The address of a buffer's memory, which stays where it is. */
  address(buffer: Buffer): number;
  errno(): number;

  openat(dir: number, name: number, flags: number, mode: number): number;
  close(fd: number): number;
  mkdirat(dir: number, name: number, mode: number): number;
  symlinkat(target: number, dir: number, name: number): number;
  readlinkat(dir: number, name: number, buffer: number, size: number): number;
  linkat(fromDir: number, from: number, toDir: number, to: number, flags: number): number;
  unlinkat(dir: number, name: number, flags: number): number;
  renameat(fromDir: number, from: number, toDir: number, to: number): number;
  fchownat(dir: number, name: number, uid: number, gid: number, flags: number): number;
  futimens(fd: number, times: number): number;
  utimensat(dir: number, name: number, times: number, flags: number): number;

  flistxattr(fd: number, list: number, size: number): number;
  llistxattr(path: number, list: number, size: number): number;
  fgetxattr(fd: number, name: number, value: number, size: number): number;
  lgetxattr(path: number, name: number, value: number, size: number): number;
  fsetxattr(fd: number, name: number, value: number, size: number, flags: number): number;
  lsetxattr(path: number, name: number, value: number, size: number, flags: number): number;
  fremovexattr(fd: number, name: number): number;
  lremovexattr(path: number, name: number): number;

  lseek(fd: number, offset: number, whence: number): number;
  fallocate(fd: number, mode: number, offset: number, length: number): number;
  ficlone(toFd: number, request: number, fromFd: number): number;
  syncfs(fd: number): number;
  /** As `syncfs`, in a thread of the pool; `done` is called when it has returned, whatever it returned. */
  startSyncfs(fd: number, done: () => void): void;

  statx(dir: number, name: number, flags: number, mask: number, result: number): number;
  renameat2(fromDir: number, from: number, toDir: number, to: number, flags: number): number;
  mknodat(dir: number, name: number, mode: number, device: number): number;
  getdents64(fd: number, buffer: number, size: number): number;
}

type Koffi = typeof koffiModule;
type Call = (...args: number[]) => number;

/** Calls that older C libraries do not export go by number (asm/unistd.h of each architecture). */
const SYSCALL_NUMBERS: Record<string, { statx: number; renameat2: number; mknodat: number; getdents64: number }> = {
  x64: { statx: 332, renameat2: 316, mknodat: 259, getdents64: 217 },
  arm64: { statx: 291, renameat2: 276, mknodat: 33, getdents64: 61 },
};

/** Binds the C library of this process. Throws where the koffi package or this platform's calls are missing. */
export function loadLibc(): Libc {
  const numbers = process.platform === 'linux' ? SYSCALL_NUMBERS[process.arch] : undefined;
  if (numbers === undefined) throw new Error(`there are no signatures for ${process.platform}-${process.arch}`);
  const koffi: Koffi = createRequire(import.meta.url)('koffi');
  const library = koffi.load(null);
  const bind = (signature: string): Call => library.func(signature);
  const errnoOf = koffi.errno;

  return {
    address: (buffer) => Number(koffi.address(buffer)),
    errno: () => errnoOf(),

    openat: bind('int openat(int dir, uintptr_t name, int flags, uint32_t mode)'),
    close: bind('int close(int fd)'),
    mkdirat: bind('int mkdirat(int dir, uintptr_t name, uint32_t mode)'),
    symlinkat: bind('int symlinkat(uintptr_t target, int dir, uintptr_t name)'),
    readlinkat: bind('int64_t readlinkat(int dir, uintptr_t name, uintptr_t buffer, size_t size)'),
    linkat: bind('int linkat(int from_dir, uintptr_t from, int to_dir, uintptr_t to, int flags)'),
    unlinkat: bind('int unlinkat(int dir, uintptr_t name, int flags)'),
    renameat: bind('int renameat(int from_dir, uintptr_t from, int to_dir, uintptr_t to)'),
    fchownat: bind('int fchownat(int dir, uintptr_t name, uint32_t uid, uint32_t gid, int flags)'),
    futimens: bind('int futimens(int fd, uintptr_t times)'),
    utimensat: bind('int utimensat(int dir, uintptr_t name, uintptr_t times, int flags)'),

    flistxattr: bind('int64_t flistxattr(int fd, uintptr_t list, size_t size)'),
    llistxattr: bind('int64_t llistxattr(uintptr_t path, uintptr_t list, size_t size)'),
    fgetxattr: bind('int64_t fgetxattr(int fd, uintptr_t name, uintptr_t value, size_t size)'),
    lgetxattr: bind('int64_t lgetxattr(uintptr_t path, uintptr_t name, uintptr_t value, size_t size)'),
    fsetxattr: bind('int fsetxattr(int fd, uintptr_t name, uintptr_t value, size_t size, int flags)'),
    lsetxattr: bind('int lsetxattr(uintptr_t path, uintptr_t name, uintptr_t value, size_t size, int flags)'),
    fremovexattr: bind('int fremovexattr(int fd, uintptr_t name)'),
    lremovexattr: bind('int lremovexattr(uintptr_t path, uintptr_t name)'),

    lseek: bind('int64_t lseek(int fd, int64_t offset, int whence)'),
    fallocate: bind('int fallocate(int fd, int mode, int64_t offset, int64_t length)'),
    ficlone: bind('int ioctl(int fd, unsigned long request, int from)'),
    syncfs: bind('int syncfs(int fd)'),
    startSyncfs: startIn(library.func('int syncfs(int fd)')),

    ...bindByNumber(library, numbers),
  };
}

function startIn(call: ReturnType<ReturnType<Koffi['load']>['func']>): (fd: number, done: () => void) => void {
  return (fd, done) => call.async(fd, () => done());
}

function bindByNumber(library: ReturnType<Koffi['load']>, numbers: (typeof SYSCALL_NUMBERS)[string]) {
  const statx: Call = library.func('long syscall(long number, int, uintptr_t, int, uint32_t, uintptr_t)');
  const renameat2: Call = library.func('long syscall(long number, int, uintptr_t, int, uintptr_t, uint32_t)');
  const mknodat: Call = library.func('long syscall(long number, int, uintptr_t, uint32_t, uint32_t)');
  const getdents64: Call = library.func('long syscall(long number, int, uintptr_t, size_t)');
  return {
    statx: (dir: number, name: number, flags: number, mask: number, result: number) =>
      statx(numbers.statx, dir, name, flags, mask, result),
    renameat2: (fromDir: number, from: number, toDir: number, to: number, flags: number) =>
      renameat2(numbers.renameat2, fromDir, from, toDir, to, flags),
    mknodat: (dir: number, name: number, mode: number, device: number) =>
      mknodat(numbers.mknodat, dir, name, mode, device),
    getdents64: (fd: number, buffer: number, size: number) => getdents64(numbers.getdents64, fd, buffer, size),
  };
}
