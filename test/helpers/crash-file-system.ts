import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import {
  type FileFacts,
  type FileSystem,
  type FolderEntry,
  nodeFileSystem,
  type OpenFile,
} from '../../src/backup/stores/file-system.ts';
import type { FileCalls, OpenedFile } from '../../src/state/file-calls.ts';
import { CrashFile, CrashFolder, type CrashInode, RenameFates, survivingContent } from './crash-inode.ts';
import type { SeededRandom } from './seeded-random.ts';

const FIRST_FD = 1_000_000;

/** An open file or folder, for stores and for state. */
type CrashHandle = OpenFile & Pick<OpenedFile, 'truncate'>;

export interface CrashFileSystemOptions {
  /** Writes beyond it give ENOSPC; names and folders cost nothing. */
  capacityBytes?: number;
  /** How many files and folders there may be. */
  inodes?: number;
  /** The power fails at the call with this number, from 1. */
  cutAtCall?: number;
}

/**
 * A file system in memory that keeps POSIX's promises and no more. After `afterPowerCut` data that was not fsynced is old, new,
 * torn, zero or gone page by page, and names that were made, renamed or removed without an fsync of their folder are there or
 * not, independently or in order, as the seed decides. A rename never loses both names. Reads and writes may be short.
 *
 * It is mounted at `mount`; paths elsewhere go to the machine's own files, and renames between the two give EXDEV.
 */
export class CrashFileSystem implements FileSystem, FileCalls {
  readonly pathsAreReal = false;
  readonly mount: string;
  calls = 0;
  readonly #random: SeededRandom;
  readonly #options: CrashFileSystemOptions;
  readonly #descriptors = new Map<number, CrashFile>();
  #top = new CrashFolder(1, 0);
  #serial = 1;
  #down = false;

  constructor(mount: string, random: SeededRandom, options: CrashFileSystemOptions = {}) {
    this.mount = mount;
    this.#random = random;
    this.#options = options;
  }

  get isDown(): boolean {
    return this.#down;
  }

  /** Cuts the power, if it has not failed yet, and gives the file system as it comes up again. */
  afterPowerCut(options: CrashFileSystemOptions = {}): CrashFileSystem {
    this.#down = true;
    const next = new CrashFileSystem(this.mount, this.#random, options);
    next.#serial = this.#serial;
    next.#top = recover(this.#top, this.#random);
    return next;
  }

  async open(path: string, flags: number, mode = 0o666): Promise<CrashHandle> {
    if (this.#isElsewhere(path)) return open(path, flags, mode);
    await this.#call();
    const inode = this.#openInode(path, flags, mode);
    if (inode instanceof CrashFolder) return this.#folderHandle(inode);
    return this.#fileHandle(inode, (flags & constants.O_APPEND) !== 0);
  }

  async link(from: string, to: string): Promise<void> {
    await this.#call();
    const inode = this.#find(from);
    const { folder, name } = this.#parentOf(to);
    if (folder.names.has(name)) throw systemError('EEXIST', to);
    this.#touch(folder).add(name, inode);
  }

  async lstat(path: string): Promise<FileFacts> {
    if (this.#isElsewhere(path)) return nodeFileSystem.lstat(path);
    await this.#call();
    return factsOf(this.#find(path));
  }

  async readdir(path: string): Promise<FolderEntry[]> {
    if (this.#isElsewhere(path)) return nodeFileSystem.readdir(path);
    await this.#call();
    return this.#findFolder(path)
      .names.entries()
      .map(([name, inode]) => ({
        name,
        isFile: () => inode instanceof CrashFile,
        isDirectory: () => inode instanceof CrashFolder,
      }))
      .toArray();
  }

  async mkdir(path: string, mode: number): Promise<void> {
    if (this.#isElsewhere(path)) return nodeFileSystem.mkdir(path, mode);
    await this.#call();
    const { folder, name } = this.#parentOf(path);
    if (folder.names.has(name)) throw systemError('EEXIST', path);
    this.#requireInode(path);
    this.#touch(folder).add(name, new CrashFolder(++this.#serial, this.#serial));
  }

  async rmdir(path: string): Promise<void> {
    if (this.#isElsewhere(path)) return nodeFileSystem.rmdir(path);
    await this.#call();
    if (this.#findFolder(path).names.size > 0) throw systemError('ENOTEMPTY', path);
    const { folder, name } = this.#parentOf(path);
    this.#touch(folder).remove(name);
  }

  async unlink(path: string): Promise<void> {
    if (this.#isElsewhere(path)) return nodeFileSystem.unlink(path);
    await this.#call();
    if (this.#find(path) instanceof CrashFolder) throw systemError('EISDIR', path);
    const { folder, name } = this.#parentOf(path);
    this.#touch(folder).remove(name);
  }

  async rename(from: string, to: string): Promise<void> {
    if (this.#isElsewhere(from) !== this.#isElsewhere(to)) throw systemError('EXDEV', from);
    if (this.#isElsewhere(from)) return nodeFileSystem.rename(from, to);
    await this.#call();
    const source = this.#parentOf(from);
    const target = this.#parentOf(to);
    this.#find(from);
    if (target.folder.names.get(target.name) instanceof CrashFolder) throw systemError('EISDIR', to);
    this.#touch(target.folder);
    this.#touch(source.folder).renameTo(source.name, target.folder, target.name);
  }

  async statfs(path: string): Promise<{ bavail: number; bsize: number; files: number; ffree: number }> {
    if (this.#isElsewhere(path)) return nodeFileSystem.statfs(path);
    await this.#call();
    const { inodes: files = 0 } = this.#options;
    const ffree = files === 0 ? 0 : files - countOf(this.#top);
    return { bavail: Math.max(0, this.#capacity() - this.#used()), bsize: 1, files, ffree };
  }

  openSync(path: string, flags: number, mode: number): number {
    if (this.#isElsewhere(path)) return nodeFileSystem.openSync(path, flags, mode);
    this.#count();
    const inode = this.#openInode(path, flags, mode);
    if (!(inode instanceof CrashFile)) throw systemError('EISDIR', path);
    const fd = FIRST_FD + ++this.#serial;
    this.#descriptors.set(fd, inode);
    return fd;
  }

  writeSync(fd: number, buffer: Uint8Array, offset: number, length: number): number {
    if (fd < FIRST_FD) return nodeFileSystem.writeSync(fd, buffer, offset, length);
    this.#count();
    const file = this.#descriptors.get(fd);
    if (file === undefined) throw systemError('EBADF', `descriptor ${fd}`);
    return this.#append(file, file.content.length, buffer, offset, length);
  }

  closeSync(fd: number): void {
    if (fd < FIRST_FD) {
      nodeFileSystem.closeSync(fd);
      return;
    }
    this.#count();
    this.#descriptors.delete(fd);
  }

  #fileHandle(file: CrashFile, appends: boolean): CrashHandle {
    let position = 0;
    return {
      read: async (buffer, offset, length, at) => {
        await this.#call();
        const end = Math.min(file.content.length, at + this.#short(length));
        return { bytesRead: file.content.copy(buffer, offset, Math.min(at, end), end) };
      },
      write: async (buffer, offset, length) => {
        await this.#call();
        if (appends) position = file.content.length;
        const bytesWritten = this.#append(file, position, buffer, offset, length);
        position += bytesWritten;
        return { bytesWritten };
      },
      stat: async () => {
        await this.#call();
        return factsOf(file);
      },
      chmod: async (mode) => {
        await this.#call();
        file.mode = mode;
      },
      truncate: async (length) => {
        await this.#call();
        file.content = file.content.subarray(0, length);
      },
      sync: async () => {
        await this.#call();
        file.synced = file.content;
      },
      close: () => this.#call(),
    };
  }

  #folderHandle(folder: CrashFolder): CrashHandle {
    const refuse = async () => {
      throw systemError('EISDIR', 'a folder');
    };
    return {
      read: refuse,
      write: refuse,
      chmod: refuse,
      truncate: refuse,
      stat: async () => {
        await this.#call();
        return factsOf(folder);
      },
      sync: async () => {
        await this.#call();
        folder.sync();
      },
      close: () => this.#call(),
    };
  }

  #openInode(path: string, flags: number, mode: number): CrashInode {
    const { folder, name } = path === this.mount ? { folder: this.#top, name: '' } : this.#parentOf(path);
    const found = path === this.mount ? this.#top : folder.names.get(name);
    if (found !== undefined) {
      if (flags & constants.O_EXCL) throw systemError('EEXIST', path);
      if (flags & constants.O_DIRECTORY && found instanceof CrashFile) throw systemError('ENOTDIR', path);
      if (flags & constants.O_TRUNC && found instanceof CrashFile) found.content = Buffer.alloc(0);
      return found;
    }
    if (!(flags & constants.O_CREAT)) throw systemError('ENOENT', path);
    this.#requireInode(path);
    const made = new CrashFile(++this.#serial, mode, this.#serial);
    this.#touch(folder).add(name, made);
    return made;
  }

  #append(file: CrashFile, position: number, buffer: Uint8Array, offset: number, length: number): number {
    const room = this.#capacity() - this.#used();
    if (room <= 0) throw systemError('ENOSPC', 'a write');
    const taken = Math.min(room, this.#short(length));
    const piece = buffer.subarray(offset, offset + taken);
    file.content = Buffer.concat([file.content.subarray(0, position), piece, file.content.subarray(position + taken)]);
    file.mtimeMs = ++this.#serial;
    return taken;
  }

  #requireInode(path: string): void {
    const { inodes } = this.#options;
    if (inodes !== undefined && countOf(this.#top) >= inodes) throw systemError('ENOSPC', path);
  }

  /** One call in four takes only a part. */
  #short(length: number): number {
    return length > 1 && this.#random.below(4) === 0 ? 1 + this.#random.below(length) : length;
  }

  #capacity(): number {
    return this.#options.capacityBytes ?? Number.MAX_SAFE_INTEGER;
  }

  #used(): number {
    return this.#options.capacityBytes === undefined ? 0 : sizeOf(this.#top);
  }

  /** Gives other calls their turn, as the real ones do, and fails when the power is off. */
  async #call(): Promise<void> {
    for (let turns = this.#random.below(3); turns >= 0; turns--) await Promise.resolve();
    this.#count();
  }

  #count(): void {
    this.calls += 1;
    if (this.calls === this.#options.cutAtCall) this.#down = true;
    if (this.#down) throw systemError('EIO', 'the power is off');
  }

  #touch(folder: CrashFolder): CrashFolder {
    folder.mtimeMs = ++this.#serial;
    return folder;
  }

  #isElsewhere(path: string): boolean {
    return path !== this.mount && !path.startsWith(`${this.mount}/`);
  }

  #find(path: string): CrashInode {
    let at: CrashInode = this.#top;
    for (const name of path.slice(this.mount.length).split('/').filter(Boolean)) {
      if (!(at instanceof CrashFolder)) throw systemError('ENOTDIR', path);
      const next = at.names.get(name);
      if (next === undefined) throw systemError('ENOENT', path);
      at = next;
    }
    return at;
  }

  #findFolder(path: string): CrashFolder {
    const found = this.#find(path);
    if (found instanceof CrashFolder) return found;
    throw systemError('ENOTDIR', path);
  }

  #parentOf(path: string): { folder: CrashFolder; name: string } {
    const slash = path.lastIndexOf('/');
    return { folder: this.#findFolder(path.slice(0, slash)), name: path.slice(slash + 1) };
  }
}

function recover(top: CrashFolder, random: SeededRandom): CrashFolder {
  const renames = new RenameFates(random);
  const recovered = new Map<CrashInode, CrashInode>();
  const visit = (inode: CrashInode): CrashInode => {
    const done = recovered.get(inode);
    if (done !== undefined) return done;
    const made = inode instanceof CrashFile ? recoverFile(inode, random) : new CrashFolder(inode.ino, inode.mtimeMs);
    recovered.set(inode, made);
    if (inode instanceof CrashFolder && made instanceof CrashFolder) {
      for (const [name, child] of inode.survivors(random, renames)) made.add(name, visit(child));
      made.sync();
    }
    return made;
  };
  const made = visit(top);
  if (made instanceof CrashFolder) return made;
  throw new Error('the top is a folder');
}

function recoverFile(file: CrashFile, random: SeededRandom): CrashFile {
  const made = new CrashFile(file.ino, file.mode, file.mtimeMs);
  made.content = survivingContent(file, random);
  made.synced = made.content;
  return made;
}

function sizeOf(inode: CrashInode): number {
  if (inode instanceof CrashFile) return inode.content.length;
  return inode.names.values().reduce((sum, child) => sum + sizeOf(child), 0);
}

function countOf(inode: CrashInode): number {
  if (inode instanceof CrashFile) return 1;
  return inode.names.values().reduce((sum, child) => sum + countOf(child), 1);
}

function factsOf(inode: CrashInode): FileFacts {
  return {
    size: inode instanceof CrashFile ? inode.content.length : 0,
    mtimeMs: inode.mtimeMs,
    dev: 1,
    ino: inode.ino,
    isFile: () => inode instanceof CrashFile,
    isDirectory: () => inode instanceof CrashFolder,
  };
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
