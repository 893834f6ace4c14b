import fs from 'node:fs';
import type { FileStatus } from './file-status.ts';
import { isDevice, splitDevice, typeOfMode } from './file-status.ts';

/** Calls on open descriptors that Node makes exactly and as fast as anyone: both implementations share them. */
export abstract class NodeDescriptors {
  status(fd: number): FileStatus {
    return fromStats(fs.fstatSync(fd, { bigint: true }));
  }

  setMode(fd: number, mode: number): void {
    fs.fchmodSync(fd, mode);
  }

  setOwner(fd: number, uid: number, gid: number): void {
    fs.fchownSync(fd, uid, gid);
  }

  truncate(fd: number, size: number): void {
    fs.ftruncateSync(fd, size);
  }

  sync(fd: number): void {
    fs.fsyncSync(fd);
  }
}

/** Node's exact stat as the port's. */
export function fromStats(stats: fs.BigIntStats): FileStatus {
  const mode = Number(stats.mode);
  const type = typeOfMode(mode);
  const status: FileStatus = {
    type,
    mode: mode & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    dev: Number(stats.dev),
    ino: stats.ino,
    nlink: Number(stats.nlink),
    size: Number(stats.size),
    blocks: Number(stats.blocks),
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
  };
  if (isDevice(type)) status.device = splitDevice(Number(stats.rdev));
  return status;
}
