import { closeSync, openSync, writeSync } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rmdir, statfs, unlink } from 'node:fs/promises';
import type { SpoolFileSystem } from '../ports.ts';

/** What the local store looks at in a `stat`. */
export interface FileFacts {
  size: number;
  mtimeMs: number;
  dev: number;
  ino: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

export interface FolderEntry {
  name: string;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** An open file or folder. `write` appends at the file's offset and may write less than asked, `read` may read less. */
export interface OpenFile {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  write(buffer: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }>;
  stat(): Promise<FileFacts>;
  chmod(mode: number): Promise<void>;
  /** fsync: of a file its content, of a folder the names in it. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The calls of `node:fs/promises` that the local store makes, with their meaning and their system errors, so that
 * a test can put a file system there that loses what was not synced. Flags are those of `node:fs` constants.
 */
export interface FileSystem extends SpoolFileSystem {
  /** True when other code can reach the files by their paths, so that `Store.localPath` may give them away. */
  readonly pathsAreReal: boolean;
  open(path: string, flags: number, mode?: number): Promise<OpenFile>;
  lstat(path: string): Promise<FileFacts>;
  readdir(path: string): Promise<FolderEntry[]>;
  mkdir(path: string, mode: number): Promise<void>;
  rmdir(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  statfs(path: string): Promise<{ bavail: number; bsize: number; files: number; ffree: number }>;
}

/** The machine's own file system. */
export const nodeFileSystem: FileSystem = {
  pathsAreReal: true,
  open,
  lstat,
  readdir: (path) => readdir(path, { withFileTypes: true }),
  mkdir: async (path, mode) => {
    await mkdir(path, { mode });
  },
  rmdir,
  rename,
  unlink,
  statfs,
  openSync,
  writeSync,
  closeSync,
};
