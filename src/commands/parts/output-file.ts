import { createWriteStream } from 'node:fs';
import { open, rename, stat, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { HoldfastError, isNoSpace, systemCode } from '../../shared/errors.ts';

/**
 * Lets `write` fill a file that appears under its name only when it is whole and durable; an existing file is replaced then,
 * and kept when `write` fails. Pipes and devices are written directly.
 *
 * @throws HoldfastError `storage_full`, `permission`, `not_found` or `failed` for the file; what `write` rejects with otherwise
 */
export async function writeFileWhole<T>(file: string, write: (output: Writable) => Promise<T>): Promise<T> {
  try {
    return (await isSpecial(file)) ? await fill(file, write) : await fillAndRename(file, write);
  } catch (error) {
    throw fileError(file, error);
  }
}

async function isSpecial(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && !found.isFile();
}

async function fillAndRename<T>(file: string, write: (output: Writable) => Promise<T>): Promise<T> {
  const partial = `${file}.partial`;
  try {
    const result = await fill(partial, write);
    const handle = await open(partial, 'r+');
    await handle.sync().finally(() => handle.close());
    await rename(partial, file);
    return result;
  } catch (error) {
    await unlink(partial).catch(() => undefined);
    throw error;
  }
}

async function fill<T>(file: string, write: (output: Writable) => Promise<T>): Promise<T> {
  const output = createWriteStream(file);
  const closed = finished(output);
  // Whoever fails first decides: a writer may wait for ever for a stream that has broken.
  const broken = closed.then(() => new Promise<never>(() => {}));
  try {
    const result = await Promise.race([write(output), broken]);
    if (!output.writableEnded) output.end();
    await closed;
    return result;
  } catch (error) {
    output.destroy();
    closed.catch(() => undefined);
    throw error;
  }
}

function fileError(file: string, error: unknown): unknown {
  if (error instanceof HoldfastError) return error;
  const code = systemCode(error);
  // Only a failed system call is about the file; anything else is the writer's own failure.
  if (code === undefined || !('syscall' in (error as object))) return error;
  if (isNoSpace(error)) {
    return new HoldfastError('storage_full', `There is no room left for ${file}`, {
      advice: 'Free space there, or choose another place with --output.',
      cause: error,
    });
  }
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new HoldfastError('not_found', `Cannot write ${file}: there is no folder ${dirname(resolve(file))}`, {
      advice: 'Make the folder first, or choose another with --output.',
      cause: error,
    });
  }
  const notAllowed = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
  return new HoldfastError(notAllowed ? 'permission' : 'failed', `Cannot write ${file} (${code})`, {
    advice: notAllowed
      ? 'Run as a user who may, or choose another place with --output.'
      : 'Check the path and the disk.',
    cause: error,
  });
}
