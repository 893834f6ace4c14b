import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const IN_MEMORY = '/dev/shm';
/** `f_type` of a tmpfs; see statfs(2). */
const TMPFS = 0x01021994;
const ENOUGH_BYTES = 2 ** 30;

/** Where tests make thousands of files without being about disks: in memory where there is room, else where temporary files go. */
export function quickFolder(): string {
  try {
    accessSync(IN_MEMORY, constants.W_OK);
    const { type, bavail, bsize, ffree } = statfsSync(IN_MEMORY);
    return type === TMPFS && bavail * bsize > ENOUGH_BYTES && ffree > 100_000 ? IN_MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}
