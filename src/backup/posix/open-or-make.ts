import type { ByteString } from '../../shared/bytes.ts';
import { systemCode } from '../../shared/errors.ts';
import type { Posix } from './posix.ts';

/** Opens the folder `name` in `parent`; with `mode` (subject to the umask) it is made where it is missing. Throws system errors. */
export function openOrMake(posix: Posix, parent: number, name: ByteString, mode: number | undefined): number {
  try {
    return posix.openDirectory(parent, name);
  } catch (error) {
    if (mode === undefined || systemCode(error) !== 'ENOENT') throw error;
  }
  try {
    posix.makeDirectory(parent, name, mode);
  } catch (error) {
    // Another thread was faster.
    if (systemCode(error) !== 'EEXIST') throw error;
  }
  return posix.openDirectory(parent, name);
}
