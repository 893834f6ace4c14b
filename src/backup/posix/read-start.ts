import { readSync } from 'node:fs';
import type { ByteString } from '../../shared/bytes.ts';
import type { Posix } from './posix.ts';

/** The first `length` bytes of a file in an open folder, fewer where it is shorter; nothing where it is no regular file. */
export function readStart(posix: Posix, dir: number, name: ByteString, length: number): Buffer {
  const fd = posix.openForReading(dir, name);
  try {
    if (posix.status(fd).type !== 'file') return Buffer.alloc(0);
    const start = Buffer.alloc(length);
    return start.subarray(0, readSync(fd, start, 0, length, 0));
  } finally {
    posix.close(fd);
  }
}
