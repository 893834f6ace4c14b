import { constants } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../shared/errors.ts';

/** An open file or folder. `write` appends at the file's offset; both may take less than asked. */
export interface OpenedFile {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  write(buffer: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }>;
  truncate(length: number): Promise<void>;
  stat(): Promise<{ size: number; nlink?: number }>;
  /** fsync: of a file its content, of a folder the names in it. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The calls of `node:fs/promises` that state is kept with, so that a test can put a file system there that loses what was not synced. */
export interface FileCalls {
  open(path: string, flags: number, mode?: number): Promise<OpenedFile>;
  readdir(path: string): Promise<{ name: string }[]>;
  lstat(path: string): Promise<{ isDirectory(): boolean }>;
  mkdir(path: string, mode: number): Promise<void>;
  link(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

/** The machine's own files. */
export const nodeFileCalls: FileCalls = {
  open,
  readdir: (path) => readdir(path, { withFileTypes: true }),
  lstat,
  mkdir: async (path, mode) => {
    await mkdir(path, { mode });
  },
  link,
  rename,
  unlink,
};

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_DIRECTORY } = constants;
/** File systems without an fsync for folders answer so; their names are as durable as they get. */
const CANNOT_SYNC = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP']);

/** The whole content, or undefined where there is no such file. */
export async function readWhole(files: FileCalls, path: string): Promise<Buffer | undefined> {
  const file = await files.open(path, O_RDONLY).catch(unlessAbsent);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const content = Buffer.alloc(size);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await file.read(content, at, size - at, at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return content.subarray(0, at);
  } finally {
    await file.close();
  }
}

/**
 * Makes a file that is durable under its name once the folder is synced. What had the name is another file: it may have a second name, and must not
 * change under that. Where writing fails, nothing is left.
 */
export async function writeNew(files: FileCalls, path: string, content: Buffer): Promise<void> {
  await removeFile(files, path);
  const file = await files.open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600);
  try {
    try {
      await writeAll(file, content);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    // On a full disk what was begun would take the room of the next attempt.
    await files.unlink(path).catch(() => {});
    throw error;
  }
}

export async function writeAll(file: OpenedFile, content: Buffer): Promise<void> {
  for (let at = 0; at < content.length; ) {
    at += (await file.write(content, at, content.length - at)).bytesWritten;
  }
}

/** Gone when it resolves, also where it was not there. */
export async function removeFile(files: FileCalls, path: string): Promise<void> {
  await files.unlink(path).catch(unlessAbsent);
}

/** fsync of a folder: when it resolves, the names in it survive a power cut. */
export async function syncFolder(files: FileCalls, path: string): Promise<void> {
  const folder = await files.open(path, O_RDONLY | O_DIRECTORY);
  try {
    await folder.sync();
  } catch (error) {
    if (!CANNOT_SYNC.has(systemCode(error) ?? '')) throw error;
  } finally {
    await folder.close();
  }
}

/** Makes a folder for its owner alone with the folders above it, each durable. */
export async function makeFolder(files: FileCalls, path: string): Promise<void> {
  if ((await files.lstat(path).catch(unlessAbsent)) !== undefined) return;
  await makeFolder(files, dirname(path));
  await files.mkdir(path, 0o700).catch((error: unknown) => {
    if (systemCode(error) !== 'EEXIST') throw error;
  });
  await syncFolder(files, dirname(path)).catch((error: unknown) => {
    // The folder above may belong to somebody else, who then answers for it.
    if (!['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
  });
}

export function unlessAbsent(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT') throw error;
  return undefined;
}
