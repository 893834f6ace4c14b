import { lstatSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { encodeText } from '../../../shared/bytes.ts';
import { HoldfastError, systemCode } from '../../../shared/errors.ts';
import { printableText } from '../../../shared/printable.ts';
import type { WalkRoot } from '../../sources/folder/walk.ts';

/**
 * What to walk, and where it stands in the snapshot: one folder is the root itself; several, or single files, stand below their base names.
 *
 * @throws HoldfastError `usage` for equal base names, `not_found` or `permission` for paths that cannot be looked at
 */
export function sourceRoots(
  paths: readonly string[],
  workingFolder: string,
): { roots: WalkRoot[]; absolute: string[] } {
  const absolute = paths.map((path) => resolve(workingFolder, path));
  const isFolder = absolute.map(checkPath);
  if (absolute.length === 1 && isFolder[0] === true)
    return { roots: [rootOf(absolute[0] as string, '', true)], absolute };
  const seen = new Map<string, string>();
  for (const path of absolute) {
    const name = basename(path);
    const other = seen.get(name);
    if (name === '' || other !== undefined) throw clash(path, other);
    seen.set(name, path);
  }
  return { roots: absolute.map((path, i) => rootOf(path, basename(path), isFolder[i] === true)), absolute };
}

function rootOf(path: string, at: string, isFolder: boolean): WalkRoot {
  return { path: encodeText(at), location: encodeText(path), isFolder };
}

function checkPath(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch (error) {
    const shown = printableText(path);
    if (systemCode(error) === 'EACCES') {
      throw new HoldfastError('permission', `${shown} may not be read by this user.`, { cause: error });
    }
    throw new HoldfastError('not_found', `${shown} does not exist, so there is nothing to back up.`, {
      cause: error,
      advice: 'Check the path; nothing was stored.',
    });
  }
}

function clash(path: string, other: string | undefined): HoldfastError {
  if (other === undefined) {
    return new HoldfastError('usage', 'The root of the file system cannot be backed up together with other paths.', {
      advice: 'Back it up alone.',
    });
  }
  return new HoldfastError(
    'usage',
    `${printableText(other)} and ${printableText(path)} have the same base name, so they would stand in the same place of the snapshot.`,
    { advice: 'Back them up separately, each with its own --source, or back up a folder that holds both.' },
  );
}
