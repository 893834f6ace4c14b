import fs from 'node:fs';
import { resolve } from 'node:path';
import type { ByteString } from '../../../shared/bytes.ts';
import { encodeText, fromByteString, toFsPath } from '../../../shared/bytes.ts';
import { HoldfastError, systemCode } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import type { RawString } from '../../format/bodies.ts';
import { lastName, parentPath } from '../../posix/safe-path.ts';
import type { RestoreRequest } from '../../types.ts';
import type { Selection } from './selection.ts';

/** A place that a restore goes to. */
export interface Target {
  /** Where its entries begin in the manifest: '' for all of it, else the name of one of several paths. */
  source: ByteString;
  /** Absolute, without links on the way. */
  path: ByteString;
}

/** How a snapshot's manifest lies: the content of one folder, or named objects (several paths, or one file). */
export type Layout = 'content' | 'named';

/** The targets that a request means and its selection reaches, in manifest order. Throws `usage`, `refused`. */
export function targetsOf(
  request: RestoreRequest,
  paths: readonly RawString[],
  layout: Layout,
  selection: Selection,
): Target[] {
  return allTargets(request, paths, layout)
    .filter(({ source }) => selection.of(source) !== 'outside')
    .sort((a, b) => (a.source < b.source ? -1 : 1));
}

function allTargets(request: RestoreRequest, paths: readonly RawString[], layout: Layout): Target[] {
  if ((request.to === undefined) === (request.inPlace !== true)) {
    throw new HoldfastError('usage', 'A restore goes either to a folder (--to) or in place (--in-place).', {
      advice: 'Give exactly one of the two.',
    });
  }
  if (request.to !== undefined) {
    return [{ source: '' as ByteString, path: realPath(encodeText(resolve(request.to)), true) }];
  }
  const originals = paths.map(rawBytes).filter((path) => path.startsWith('/'));
  if (originals.length === 0 || originals.length !== paths.length) {
    throw new HoldfastError(
      'refused',
      'This snapshot did not come from folders of a machine, so it has no place of its own.',
      {
        advice: 'Restore it to a folder with --to.',
      },
    );
  }
  if (layout === 'content') return [{ source: '' as ByteString, path: realPath(originals[0] as ByteString, true) }];
  return originals.map((path) => ({ source: lastName(path), path: realPath(path, false) }));
}

function rawBytes(path: RawString): ByteString {
  const bytes =
    typeof path === 'string' ? encodeText(path) : (Buffer.from(path.bytes, 'base64').toString('latin1') as ByteString);
  return (bytes.length > 1 ? bytes.replace(/\/+$/, '') || '/' : bytes) as ByteString;
}

/** `path` without links; what does not exist yet stays as written. The last component is left alone unless `followLast`. */
function realPath(path: ByteString, followLast: boolean): ByteString {
  if (path === '/') return path;
  if (followLast) {
    try {
      return fs.realpathSync.native(toFsPath(path), 'latin1') as ByteString;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw unreachable(path, error);
    }
  }
  const parent = parentPath(path);
  const above = realPath((parent === '' ? '/' : parent) as ByteString, true);
  return (above === '/' ? `/${lastName(path)}` : `${above}/${lastName(path)}`) as ByteString;
}

function unreachable(path: ByteString, error: unknown): HoldfastError {
  const code = systemCode(error) ?? String(error);
  return new HoldfastError(
    code === 'EACCES' ? 'permission' : 'usage',
    `The target ${printableName(path)} cannot be reached (${code}).`,
    {
      advice: 'Check the path, and what the folders above it are.',
      cause: error,
    },
  );
}

/** Refuses targets that hold the repository or lie in it: a restore there could destroy what it reads. */
export function refuseRepository(targets: readonly Target[], repository: string | undefined): void {
  if (repository === undefined) return;
  const folder = realPath(encodeText(resolve(repository)), true);
  for (const { path } of targets) {
    if (!isWithin(path, folder) && !isWithin(folder, path)) continue;
    throw new HoldfastError('refused', `${printableName(path)} holds the repository or lies in it.`, {
      advice: 'Restore to another place with --to.',
    });
  }
}

function isWithin(path: ByteString, folder: ByteString): boolean {
  return path === folder || folder === '/' || path.startsWith(`${folder}/`);
}

/** Makes the folders above `path` that are missing; returns those that were made, the uppermost first. */
export function makeParents(path: ByteString): ByteString[] {
  const missing: ByteString[] = [];
  for (let parent = parentPath(path); parent !== '' && !fs.existsSync(toFsPath(parent)); parent = parentPath(parent)) {
    missing.unshift(parent);
  }
  for (const folder of missing) fs.mkdirSync(toFsPath(folder));
  return missing;
}

/** Takes them away again where they are still empty. */
export function removeParents(folders: readonly ByteString[]): void {
  for (const folder of folders.toReversed()) {
    try {
      fs.rmdirSync(fromByteString(folder));
    } catch {
      // Somebody uses it meanwhile.
      return;
    }
  }
}
