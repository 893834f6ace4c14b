import { stat, statfs } from 'node:fs/promises';

export interface DiskSpace {
  folder: string;
  /** The same for folders on one file system. */
  device: number;
  freeBytes: number;
  totalBytes: number;
}

/** How full the file system of a folder is, as far as this process may use it; undefined where the folder is missing. */
export async function diskSpace(folder: string): Promise<DiskSpace | undefined> {
  try {
    const [{ dev }, { bsize, blocks, bfree, bavail }] = await Promise.all([stat(folder), statfs(folder)]);
    // What is kept for the superuser is neither free nor used by anybody.
    const reserved = bfree - bavail;
    return { folder, device: dev, freeBytes: bavail * bsize, totalBytes: (blocks - reserved) * bsize };
  } catch {
    return undefined;
  }
}
