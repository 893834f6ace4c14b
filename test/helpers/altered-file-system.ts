import type { FileSystem, OpenFile } from '../../src/backup/stores/file-system.ts';

/** The calls of `files`, with each one first shown to `before`, which may throw; `call` is the method's name. */
export function interceptCalls(files: FileSystem, before: (call: string, path: string) => void): FileSystem {
  const shown =
    <A extends [string, ...unknown[]], R>(call: string, run: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      before(call, args[0]);
      return run(...args);
    };
  return {
    pathsAreReal: files.pathsAreReal,
    open: shown('open', async (path: string, flags: number, mode?: number) =>
      interceptHandle(await files.open(path, flags, mode), path, before),
    ),
    lstat: shown('lstat', (path: string) => files.lstat(path)),
    readdir: shown('readdir', (path: string) => files.readdir(path)),
    mkdir: shown('mkdir', (path: string, mode: number) => files.mkdir(path, mode)),
    rmdir: shown('rmdir', (path: string) => files.rmdir(path)),
    rename: shown('rename', (from: string, to: string) => files.rename(from, to)),
    unlink: shown('unlink', (path: string) => files.unlink(path)),
    statfs: shown('statfs', (path: string) => files.statfs(path)),
    openSync: (path, flags, mode) => files.openSync(path, flags, mode),
    writeSync: (fd, buffer, offset, length) => files.writeSync(fd, buffer, offset, length),
    closeSync: (fd) => files.closeSync(fd),
  };
}

/** `files`, where an fsync of a path for which `skips` says so does nothing and reports success. */
export function skipSyncs(files: FileSystem, skips: (path: string) => boolean): FileSystem {
  return {
    ...interceptCalls(files, () => undefined),
    open: async (path, flags, mode) => {
      const file = await files.open(path, flags, mode);
      return forwardHandle(file, async () => {
        if (!skips(path)) await file.sync();
      });
    },
  };
}

function interceptHandle(file: OpenFile, path: string, before: (call: string, path: string) => void): OpenFile {
  return {
    read: async (buffer, offset, length, position) => {
      before('read', path);
      return file.read(buffer, offset, length, position);
    },
    write: async (buffer, offset, length) => {
      before('write', path);
      return file.write(buffer, offset, length);
    },
    stat: () => file.stat(),
    chmod: (mode) => file.chmod(mode),
    sync: async () => {
      before('sync', path);
      await file.sync();
    },
    close: () => file.close(),
  };
}

function forwardHandle(file: OpenFile, sync: () => Promise<void>): OpenFile {
  return {
    read: (buffer, offset, length, position) => file.read(buffer, offset, length, position),
    write: (buffer, offset, length) => file.write(buffer, offset, length),
    stat: () => file.stat(),
    chmod: (mode) => file.chmod(mode),
    sync,
    close: () => file.close(),
  };
}
