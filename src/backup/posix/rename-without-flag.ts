import { constants } from 'node:os';
import type { ByteString } from '../../shared/bytes.ts';
import { systemCode } from '../../shared/errors.ts';
import type { Posix } from './posix.ts';
import { systemError } from './system-error.ts';

type Names = Pick<Posix, 'link' | 'unlink' | 'rename' | 'statusAt' | 'createFile' | 'close'>;

/**
 * Renames without replacing, where the kernel has no flag for it. A folder moves in one step after a look; in the worst
 * case it replaces an empty folder that appeared in between, for rename(2) replaces no other. Anything else gets a
 * hard link, which fails on a taken name, and loses its old name; where there are no hard links, its new name is
 * claimed by an empty file first. After a crash in between, both names exist.
 */
export function renameWithoutFlag(
  posix: Names,
  fromDir: number,
  fromName: ByteString,
  toDir: number,
  toName: ByteString,
): void {
  if (posix.statusAt(fromDir, fromName).type === 'directory') {
    if (exists(posix, toDir, toName)) throw systemError(constants.errno.EEXIST, 'rename', fromName);
    posix.rename(fromDir, fromName, toDir, toName);
  } else if (tryLink(posix, fromDir, fromName, toDir, toName)) {
    posix.unlink(fromDir, fromName);
  } else {
    posix.close(posix.createFile(toDir, toName, 0o600));
    posix.rename(fromDir, fromName, toDir, toName);
  }
}

function tryLink(posix: Names, fromDir: number, fromName: ByteString, toDir: number, toName: ByteString): boolean {
  try {
    posix.link(fromDir, fromName, toDir, toName);
    return true;
  } catch (error) {
    if (['EPERM', 'ENOTSUP', 'EMLINK'].includes(systemCode(error) ?? '')) return false;
    throw error;
  }
}

function exists(posix: Names, dir: number, name: ByteString): boolean {
  try {
    posix.statusAt(dir, name);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
