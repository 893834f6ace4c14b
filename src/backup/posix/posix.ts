import type { ByteString } from '../../shared/bytes.ts';
import type { EntryType, Hole } from '../entry.ts';
import type { PosixCapabilities } from './capabilities.ts';
import type { FileStatus } from './file-status.ts';

/** Types that `makeNode` creates. */
export type NodeType = Extract<EntryType, 'fifo' | 'socket' | 'char-device' | 'block-device'>;

/**
 * A file system by descriptors. Every name is one component inside an open folder, so nothing that another
 * process does to the folders above (swapping one for a link, above all) can redirect a call. All calls are
 * synchronous and meant for worker threads.
 *
 * Promises of every implementation:
 * - A name that is not one single component is refused (HoldfastError `refused`) before the kernel sees it.
 * - No call follows a symbolic link in the last component. Opening one gives ELOOP (a file) or ENOTDIR (a folder).
 * - Failures are thrown as errors shaped like Node's: `code`, `errno`, `syscall`, `path` (the bare name).
 * - What `capabilities` declares absent either throws ENOTSUP or gives the empty answer that each call names.
 *
 * Descriptors are plain integers of the whole process: read and write them with `node:fs`, close them with
 * `close`. A worker that closes a descriptor which another thread opened, or leaves one open for others when it
 * ends, must be started with `trackUnmanagedFds: false`; otherwise Node closes and warns on its own count.
 */
export interface Posix {
  readonly name: 'native' | 'fallback';
  readonly capabilities: PosixCapabilities;

  /** Opens the folder at an ordinary path; links in it are followed, for it is the user's own word. */
  openRoot(path: ByteString): number;
  /** Opens a folder. Needs read permission. */
  openDirectory(dir: number, name: ByteString): number;
  /**
   * Opens an existing file for reading, without touching its access time where that is allowed. Never waits for a
   * FIFO's writer. Whoever needs a regular file checks `status` afterwards: the name may have changed hands.
   */
  openForReading(dir: number, name: ByteString): number;
  /** Opens an existing file for reading and writing. Check `status` afterwards as above. */
  openForWriting(dir: number, name: ByteString): number;
  /** Creates a file and opens it for reading and writing; EEXIST when the name is taken. `mode` is subject to the umask. */
  createFile(dir: number, name: ByteString, mode: number): number;
  close(fd: number): void;

  /** The names in an open folder, without '.' and '..', in no order. */
  names(fd: number): ByteString[];
  status(fd: number): FileStatus;
  statusAt(dir: number, name: ByteString): FileStatus;

  /** `mode` is subject to the umask. */
  makeDirectory(dir: number, name: ByteString, mode: number): void;
  makeSymlink(target: ByteString, dir: number, name: ByteString): void;
  readSymlink(dir: number, name: ByteString): ByteString;
  /** Hard link: a second name for the object itself, also when that is a symbolic link. */
  link(fromDir: number, fromName: ByteString, toDir: number, toName: ByteString): void;
  /** A FIFO, socket or device node. `mode` is subject to the umask. Capability `specialFiles`; without it ENOTSUP. */
  makeNode(dir: number, name: ByteString, type: NodeType, mode: number, device: { major: number; minor: number }): void;
  /** Removes anything but a folder; a folder gives EISDIR. */
  unlink(dir: number, name: ByteString): void;
  removeDirectory(dir: number, name: ByteString): void;
  rename(fromDir: number, fromName: ByteString, toDir: number, toName: ByteString): void;
  /**
   * Renames unless the new name is taken: EEXIST. Atomic with capability `exchange` on file systems that have it.
   * Otherwise a folder may replace an empty folder that appeared in the same instant, and nothing else is ever lost.
   */
  renameNoReplace(fromDir: number, fromName: ByteString, toDir: number, toName: ByteString): void;
  /**
   * Exchanges two existing names atomically. Capability `exchange`; without it ENOTSUP, and EINVAL on file systems
   * that cannot: the caller then makes do with renames under its journal.
   */
  exchange(fromDir: number, fromName: ByteString, toDir: number, toName: ByteString): void;

  setMode(fd: number, mode: number): void;
  /** For what cannot be opened: FIFOs, sockets, devices, files without read permission. A symbolic link gives ENOTSUP. */
  setModeAt(dir: number, name: ByteString, mode: number): void;
  /** -1 leaves a number as it is. Clears setuid, setgid and file capabilities: set those afterwards. */
  setOwner(fd: number, uid: number, gid: number): void;
  setOwnerAt(dir: number, name: ByteString, uid: number, gid: number): void;
  /** Sets the modification time, and the access time to the same. Without `nanosecondTimes` up to 239 ns earlier (477 ns from 2038 on), never later. */
  setTimes(fd: number, mtimeNs: bigint): void;
  setTimesAt(dir: number, name: ByteString, mtimeNs: bigint): void;

  /** Names of extended attributes in no order; empty on file systems without any, and without capability `xattrs`. */
  xattrNames(fd: number): readonly ByteString[];
  xattrNamesAt(dir: number, name: ByteString): readonly ByteString[];
  /** The value, or undefined where there is none. */
  xattr(fd: number, attribute: ByteString): Buffer | undefined;
  xattrAt(dir: number, name: ByteString, attribute: ByteString): Buffer | undefined;
  /** ENOTSUP without capability `xattrs`, and where the file system has no attributes of this kind. */
  setXattr(fd: number, attribute: ByteString, value: Uint8Array): void;
  setXattrAt(dir: number, name: ByteString, attribute: ByteString, value: Uint8Array): void;
  removeXattr(fd: number, attribute: ByteString): void;
  removeXattrAt(dir: number, name: ByteString, attribute: ByteString): void;

  /**
   * Holes of an open file of `size` bytes, ascending. Empty without capability `holes`: all is data then. At most
   * MAX_HOLES; what lies beyond is data. Moves the file offset, so read with positions.
   */
  holes(fd: number, size: number): Hole[];
  /** Sets a file's length; what is added is a hole. */
  truncate(fd: number, size: number): void;
  /** Reserves disk space for a file's first `size` bytes, extending it: ENOSPC comes now. False where that cannot be done. */
  allocate(fd: number, size: number): boolean;
  /** Makes one open file share another's content, copy on write. False where the file system cannot do it. */
  cloneContent(fromFd: number, toFd: number): boolean;

  /** Makes an open file's content, or an open folder's names, durable. */
  sync(fd: number): void;
  /**
   * Writes out in the background what is dirty on the file system of an open file, so that a sync later has less to wait for. Resolves when
   * that is over, never rejects, and promises nothing. The descriptor must stay open until then, and be another one than that of the later sync,
   * which would not be told of errors that came up here (syncfs(2)).
   */
  startWriteback(fd: number): Promise<void>;
  /** Makes everything on the file system of an open file durable. False without capability `syncFilesystem`. */
  syncFilesystem(fd: number): boolean;
}

/** More holes than this in one file are not told apart: a manifest must hold them all. */
export const MAX_HOLES = 65_536;
