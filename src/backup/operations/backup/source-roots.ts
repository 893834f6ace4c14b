import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { encodeText } from '../../../shared/bytes.ts';
import { HoldfastError, systemCode } from '../../../shared/errors.ts';
import { printableText } from '../../../shared/printable.ts';
import type { WalkRoot } from '../../sources/folder/walk.ts';

export interface SourceRoots {
  roots: WalkRoot[];
  absolute: string[];
  /** What a person should know about what was asked for. */
  notes: string[];
}

interface GivenPath {
  location: string;
  isFolder: boolean;
  isLink: boolean;
}

/**
 * What to walk, and where it stands in the snapshot: one folder is the root itself; several, or single files, stand below their base names. A link is
 * followed where a slash after it says so.
 *
 * @throws HoldfastError `usage` for equal base names, `not_found` or `permission` for paths that cannot be looked at
 */
export function sourceRoots(paths: readonly string[], workingFolder: string): SourceRoots {
  const given = paths.map((path) => checkPath(path, resolve(workingFolder, path)));
  const absolute = given.map(({ location }) => location);
  const notes = given.filter(({ isLink }) => isLink).map(({ location }) => linkNote(location));
  const [only] = given;
  if (given.length === 1 && only?.isFolder) return { roots: [rootOf(only, '')], absolute, notes };
  const seen = new Map<string, string>();
  for (const path of absolute) {
    const name = basename(path);
    const other = seen.get(name);
    if (name === '' || other !== undefined) throw clash(path, other);
    seen.set(name, path);
  }
  return { roots: given.map((path) => rootOf(path, basename(path.location))), absolute, notes };
}

function rootOf({ location, isFolder }: GivenPath, at: string): WalkRoot {
  return { path: encodeText(at), location: encodeText(location), isFolder };
}

/** One that cannot be read at all would give an empty backup, which must not pass for the newest good one. */
function checkPath(path: string, location: string): GivenPath {
  if (path === '') {
    throw new HoldfastError('usage', 'An empty path was given.', { advice: 'Check the variable that it came from.' });
  }
  try {
    const status = path.endsWith('/') ? statSync(location) : lstatSync(location);
    if (status.isDirectory()) accessSync(location, constants.R_OK | constants.X_OK);
    else if (status.isFile()) accessSync(location, constants.R_OK);
    return { location, isFolder: status.isDirectory(), isLink: status.isSymbolicLink() };
  } catch (error) {
    const shown = printableText(location);
    if (systemCode(error) === 'EACCES') {
      throw new HoldfastError('permission', `${shown} may not be read by this user.`, {
        cause: error,
        advice: 'Run as a user who may read it; nothing was stored.',
      });
    }
    throw new HoldfastError('not_found', `${shown} does not exist, so there is nothing to back up.`, {
      cause: error,
      advice: 'Check the path; nothing was stored.',
    });
  }
}

function linkNote(path: string): string {
  const shown = printableText(path);
  return `${shown} is a symbolic link, and the link alone is in this backup. For what it points to, give ${shown}/ instead.`;
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
