import { join } from 'node:path';
import { throwIfAborted } from '../../shared/abort.ts';
import { systemCode } from '../../shared/errors.ts';
import type { ObjectInfo } from '../ports.ts';
import type { FileSystem, FolderEntry } from './file-system.ts';
import { isObjectName } from './object-name.ts';

/**
 * The objects below `root` whose names begin with `prefix`, or undefined where the folder that would hold them is missing.
 * Only regular files count, links are not followed, and names that no object has are left out.
 */
export async function listFolder(
  files: FileSystem,
  root: string,
  prefix: string,
  signal?: AbortSignal,
): Promise<ObjectInfo[] | undefined> {
  const found: ObjectInfo[] = [];
  const walk = async (folder: string): Promise<boolean> => {
    throwIfAborted(signal);
    const entries = await unlessGone(files.readdir(join(root, folder)));
    await Promise.all((entries ?? []).map((entry) => visit(entry, `${folder}${entry.name}`)));
    return entries !== undefined;
  };
  const visit = async (entry: FolderEntry, name: string): Promise<void> => {
    if (!isObjectName(name)) return;
    if (entry.isDirectory()) {
      if (`${name}/`.startsWith(prefix) || prefix.startsWith(`${name}/`)) await walk(`${name}/`);
    } else if (entry.isFile() && name.startsWith(prefix)) {
      const facts = await unlessGone(files.lstat(join(root, name)));
      if (facts !== undefined) found.push({ name, size: facts.size });
    }
  };
  const start = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  return (await walk(start)) ? found : undefined;
}

/** What was deleted while it was being listed is not there. */
async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
