import { type ByteString, encodeText } from '../../../shared/bytes.ts';
import { systemCode } from '../../../shared/errors.ts';
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
  /** A folder that cannot be listed, an entry that cannot be looked at. */
  unreadable(path: string, code: string): void;
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
    yield lookAtFile(posix, root);
    return;
  }
  const top = FolderHandle.root(posix, root.location);
  const status = top.with((fd) => posix.status(fd));
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
      if (level.folder.covered.has(name) || name.startsWith(RESTORE_JOURNAL)) continue;
      const path = join(level.path, name);
      const found = look(posix, level.folder, name, path, report);
      if (found === undefined) continue;
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

/** A single file is found in its folder, which need not be readable. */
function lookAtFile(posix: Posix, { path, location }: WalkRoot): Found {
  const slash = location.lastIndexOf('/');
  const name = location.slice(slash + 1) as ByteString;
  const folder = FolderHandle.root(posix, (slash === 0 ? '/' : location.slice(0, slash)) as ByteString);
  folder.names = new Set(folder.with((fd) => siblingsOf(posix, fd, name)));
  return { path, name, folder, status: folder.with((fd) => posix.statusAt(fd, name)) };
}

function siblingsOf(posix: Posix, fd: number, name: ByteString): ByteString[] {
  try {
    return posix.names(fd);
  } catch {
    return [name];
  }
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
    reportProblem(error, path, report);
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
    reportProblem(error, path, report);
    return undefined;
  }
  try {
    const all = posix.names(fd).sort();
    const names = rules.excludeCaches && isCache(posix, fd, all) ? [CACHE_TAG] : all;
    folder.names = new Set(names);
    return names;
  } catch (error) {
    folder.release();
    reportProblem(error, path, report);
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

function reportProblem(error: unknown, path: ByteString, report: WalkReport): void {
  const code = systemCode(error);
  if (code === undefined) throw error;
  if (code === 'ENOENT') report.vanished(printableName(path));
  else report.unreadable(printableName(path), code);
}
