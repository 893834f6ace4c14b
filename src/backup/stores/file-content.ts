import { throwIfAborted } from '../../shared/abort.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { OpenFile } from './file-system.ts';

/** Between two looks at the signal; also below the 2 GiB that one system call takes. */
const PIECE = 8 * 1024 * 1024;

/** Writes all of `bytes`, however little each call takes. */
export async function writeFully(file: OpenFile, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    throwIfAborted(signal);
    const { bytesWritten } = await file.write(bytes, done, Math.min(PIECE, bytes.length - done));
    if (bytesWritten === 0) throw new HoldfastError('store_failed', `A write stopped after ${done} bytes.`);
    done += bytesWritten;
  }
}

/** The bytes from `start` to `end` (exclusive), fewer where the file ends before. */
export async function readFully(file: OpenFile, start: number, end: number, signal?: AbortSignal): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(end - start);
  let done = 0;
  while (done < buffer.length) {
    throwIfAborted(signal);
    const { bytesRead } = await file.read(buffer, done, Math.min(PIECE, buffer.length - done), start + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}

/** Appends the first `size` bytes of `source` to `target`; throws `store_failed` when there are not as many. */
export async function copyContent(
  source: OpenFile,
  target: OpenFile,
  size: number,
  signal?: AbortSignal,
): Promise<void> {
  let done = 0;
  while (done < size) {
    const piece = await readFully(source, done, Math.min(size, done + PIECE), signal);
    if (piece.length === 0) throw new HoldfastError('store_failed', `A prepared file ends after ${done} bytes.`);
    await writeFully(target, piece, signal);
    done += piece.length;
  }
}
