import { type ByteString, encodeText } from '../../../shared/bytes.ts';
import { HoldfastError, systemCode } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import type { FileStatus } from '../../posix/file-status.ts';
import type { Posix } from '../../posix/posix.ts';
import { readStart } from '../../posix/read-start.ts';
import { FolderHandle } from './folder-handle.ts';

/** Something that the walk met. */
export interface Found {
  /** Path below the snapshot's root. */
  path: ByteString;
  /** Its name in `folder`; '' is the folder itself, where a walk begins. */
  name: ByteString;
  folder: FolderHandle;
  status: FileStatus;
}

export interface WalkRoot {
  /** Where the root stands in the snapshot: '' for the only folder, else a base name. */
  path: ByteString;
  /** Its place in the file system, as an ordinary path; links on the way to it are followed, it itself is not. */
  location: ByteString;
  isFolder: boolean;
}

export interface WalkRules {
  /** True where the entry (path relative to its root) is to be left out. */
  excluded(relative: ByteString, isDirectory: boolean): boolean;
  oneFileSystem: boolean;
  excludeCaches: boolean;
  /** Folders that are never entered nor listed: the repository itself. */
  skipped: readonly { dev: number; ino: bigint }[];
}

export interface WalkReport {
  /** Gone between listing and looking. */
  vanished(path: string): void;
  /** An entry that cannot be looked at. */
  unreadable(path: string, code: string): void;
  /** A folder that cannot be listed. It was met all the same. */
  unlistable(path: string, code: string): void;
}

/** Restores of our own keep their unfinished content in such folders. */
const RESTORE_JOURNAL = '.holdfast-restore-';
const CACHE_TAG = encodeText('CACHEDIR.TAG');
/** https://bford.info/cachedir/ */
const CACHE_SIGNATURE = Buffer.from('Signature: 8a477f597d28d172789f06886806bc55');

/**
 * Walks one root in manifest order: a folder, then its content, names compared as bytes. By descriptors all the way, so paths may be of
 * any length and no link is ever followed.
 */
export function* walk(posix: Posix, root: WalkRoot, rules: WalkRules, report: WalkReport): Generator<Found> {
  if (!root.isFolder) {
    yield lookAtRoot(root, () => lookAtFile(posix, root));
    return;
  }
  const top = FolderHandle.root(posix, root.location);
  const status = lookAtRoot(root, () => top.with((fd) => posix.status(fd)));
  if (isSkipped(status, rules)) throw ownRepository(root);
  yield { path: root.path, name: '' as ByteString, folder: top, status };
  const stack: Level[] = [];
  const enter = (folder: FolderHandle, path: ByteString, relative: ByteString) => {
    const names = list(posix, folder, path, rules, report);
    if (names !== undefined) stack.push({ folder, names, path, relative, at: 0 });
  };
  enter(top, root.path, '' as ByteString);
  try {
    for (let level = stack.at(-1); level !== undefined; level = stack.at(-1)) {
      const name = level.names[level.at++];
      if (name === undefined) {
        level.folder.release();
        stack.pop();
        continue;
      }
      if (name.startsWith(RESTORE_JOURNAL)) continue;
      const path = join(level.path, name);
      const found = look(posix, level.folder, name, path, report);
      if (found === undefined || isCovered(found)) continue;
      const isDirectory = found.status.type === 'directory';
      const relative = join(level.relative, name);
      if (rules.excluded(relative, isDirectory) || isSkipped(found.status, rules)) continue;
      yield found;
      if (!isDirectory || (rules.oneFileSystem && found.status.dev !== status.dev)) continue;
      enter(level.folder.child(name), path, relative);
    }
  } finally {
    for (const { folder } of stack) folder.release();
  }
}

/** What was asked for by name must be there: without it there would be an empty backup. */
function lookAtRoot<T>({ location }: WalkRoot, look: () => T): T {
  try {
    return look();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined || error instanceof HoldfastError) throw error;
    const gone = code === 'ENOENT' || code === 'ENOTDIR';
    throw new HoldfastError(gone ? 'not_found' : 'unreadable', `${printableName(location)} cannot be read (${code}).`, {
      cause: error,
      advice: 'Check the path; nothing was stored.',
    });
  }
}

function ownRepository({ location }: WalkRoot): HoldfastError {
  return new HoldfastError('usage', `${printableName(location)} is the repository itself.`, {
    advice: 'Back up something else, or use mirror to make a second copy of the repository.',
  });
}

/** A single file is found in its folder, which need not be readable. */
function lookAtFile(posix: Posix, { path, location }: WalkRoot): Found {
  const slash = location.lastIndexOf('/');
  const name = location.slice(slash + 1) as ByteString;
  const folder = FolderHandle.root(posix, (slash === 0 ? '/' : location.slice(0, slash)) as ByteString);
  folder.setNames(folder.with((fd) => siblingsOf(posix, fd, name)));
  return { path, name, folder, status: folder.with((fd) => posix.statusAt(fd, name)) };
}

function siblingsOf(posix: Posix, fd: number, name: ByteString): ByteString[] {
  try {
    return posix.names(fd);
  } catch {
    return [name];
  }
}

/** True for a file that another file's backup has covered. Ask again before it is used: a walk may be ahead of its consumer. */
export function isCovered({ folder, name, status }: Found): boolean {
  return status.type === 'file' && folder.covered.has(name);
}

interface Level {
  /** Held for as long as the level is on the stack. */
  folder: FolderHandle;
  names: ByteString[];
  path: ByteString;
  relative: ByteString;
  at: number;
}

function join(folder: ByteString, name: ByteString): ByteString {
  return folder === '' ? name : (`${folder}/${name}` as ByteString);
}

function look(
  posix: Posix,
  folder: FolderHandle,
  name: ByteString,
  path: ByteString,
  report: WalkReport,
): Found | undefined {
  try {
    return { path, name, folder, status: folder.with((fd) => posix.statusAt(fd, name)) };
  } catch (error) {
    if (!folder.covered.has(name)) reportProblem(error, path, report);
    return undefined;
  }
}

/** The names in a folder in order. It is held afterwards, unless it cannot be listed. */
function list(
  posix: Posix,
  folder: FolderHandle,
  path: ByteString,
  rules: WalkRules,
  report: WalkReport,
): ByteString[] | undefined {
  let fd: number;
  try {
    fd = folder.hold();
  } catch (error) {
    reportFolder(error, path, report);
    return undefined;
  }
  try {
    const all = posix.names(fd).sort();
    const names = rules.excludeCaches && isCache(posix, fd, all) ? [CACHE_TAG] : all;
    folder.setNames(names);
    return names;
  } catch (error) {
    folder.release();
    reportFolder(error, path, report);
    return undefined;
  }
}

function isSkipped(status: FileStatus, rules: WalkRules): boolean {
  return rules.skipped.some((skipped) => skipped.ino === status.ino && skipped.dev === status.dev);
}

function isCache(posix: Posix, fd: number, names: readonly ByteString[]): boolean {
  if (!names.includes(CACHE_TAG)) return false;
  try {
    return readStart(posix, fd, CACHE_TAG, CACHE_SIGNATURE.length).equals(CACHE_SIGNATURE);
  } catch {
    return false;
  }
}

function reportFolder(error: unknown, path: ByteString, report: WalkReport): void {
  const code = systemCode(error);
  if (code === undefined) throw error;
  if (code === 'ENOENT') report.vanished(printableName(path));
  else report.unlistable(printableName(path), code);
}

function reportProblem(error: unknown, path: ByteString, report: WalkReport): void {
  const code = systemCode(error);
  if (code === undefined) throw error;
  if (code === 'ENOENT') report.vanished(printableName(path));
  else report.unreadable(printableName(path), code);
}
