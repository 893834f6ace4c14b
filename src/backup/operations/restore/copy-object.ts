import { readSync, writeSync } from 'node:fs';
import type { ByteString } from '../../../shared/bytes.ts';
import { systemCode } from '../../../shared/errors.ts';
import type { Hole } from '../../entry.ts';
import type { FileStatus } from '../../posix/file-status.ts';
import type { Posix } from '../../posix/posix.ts';
import { readXattrs } from '../../posix/xattrs.ts';
import type { Metadata, MetadataWriter } from './metadata.ts';

const COPY_BYTES = 1024 * 1024;
/** The file system or the kernel's rules against links to other people's files. */
const LINK_REFUSALS = new Set(['EPERM', 'EMLINK', 'EXDEV', 'ENOTSUP', 'EOPNOTSUPP']);

export interface NameIn {
  dir: number;
  name: ByteString;
}

/** Gives an object a second name, or makes an exact copy where it cannot have one. Folders are refused by both ways. */
export function linkOrCopy(posix: Posix, metadata: MetadataWriter, from: NameIn, to: NameIn): void {
  try {
    posix.link(from.dir, from.name, to.dir, to.name);
  } catch (error) {
    if (!LINK_REFUSALS.has(systemCode(error) ?? '')) throw error;
    copyObject(posix, metadata, from, to);
  }
}

function copyObject(posix: Posix, metadata: MetadataWriter, from: NameIn, to: NameIn): void {
  const status = posix.statusAt(from.dir, from.name);
  if (status.type === 'file') {
    copyFile(posix, metadata, from, to);
    return;
  }
  const wanted = { ...status, xattrs: readXattrs(posix, from) };
  if (status.type === 'symlink') posix.makeSymlink(posix.readSymlink(from.dir, from.name), to.dir, to.name);
  else if (status.type === 'directory') posix.makeDirectory(to.dir, to.name, 0o700);
  else posix.makeNode(to.dir, to.name, status.type, 0o600, status.device ?? { major: 0, minor: 0 });
  metadata.toName(to.dir, to.name, wanted, status.type === 'symlink', to.name);
}

function copyFile(posix: Posix, metadata: MetadataWriter, from: NameIn, to: NameIn): void {
  const source = posix.openForReading(from.dir, from.name);
  try {
    const status = posix.status(source);
    const wanted: Metadata = { ...status, xattrs: readXattrs(posix, source) };
    const target = posix.createFile(to.dir, to.name, 0o600);
    try {
      if (!posix.cloneContent(source, target)) copyContent(posix, source, target, status);
      metadata.toNew(target, wanted, 0o600, to.name);
    } finally {
      posix.close(target);
    }
  } finally {
    posix.close(source);
  }
}

function copyContent(posix: Posix, source: number, target: number, { size }: FileStatus): void {
  const buffer = Buffer.allocUnsafe(COPY_BYTES);
  for (const { offset, length } of dataRuns(posix.holes(source, size), size)) {
    for (let at = offset; at < offset + length; ) {
      const got = readSync(source, buffer, 0, Math.min(COPY_BYTES, offset + length - at), at);
      if (got === 0) break;
      writeAt(target, buffer.subarray(0, got), at);
      at += got;
    }
  }
  posix.truncate(target, size);
}

/** What lies between the holes of a file of `size` bytes. */
export function dataRuns(holes: readonly Hole[], size: number): Hole[] {
  const runs: Hole[] = [];
  let at = 0;
  for (const hole of holes) {
    if (hole.offset > at) runs.push({ offset: at, length: hole.offset - at });
    at = hole.offset + hole.length;
  }
  if (size > at) runs.push({ offset: at, length: size - at });
  return runs;
}

/** Writes all of `bytes`: write(2) may take less at a time. */
export function writeAt(fd: number, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}
