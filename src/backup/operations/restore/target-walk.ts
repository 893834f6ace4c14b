import type { ByteString } from '../../../shared/bytes.ts';
import { systemCode } from '../../../shared/errors.ts';
import type { FileStatus } from '../../posix/file-status.ts';
import type { Posix } from '../../posix/posix.ts';
import { lastName, parentPath, SafePath } from '../../posix/safe-path.ts';
import { liveLogs } from '../../sources/sqlite/live-logs.ts';
import { isSqliteSidecar } from '../../sources/sqlite/sidecars.ts';

export interface FoundEntry {
  /** Below the target; '' is the target itself. */
  path: ByteString;
  status: FileStatus;
}

/** Where a walk goes: as a restore opens its target. */
export interface WalkedSite {
  path: ByteString;
  /** The open folder that holds the target; -1 where there is none, or it may not be read. */
  parent: number;
  /** The open target; -1 where it is no folder. */
  target: number;
  status: FileStatus | undefined;
}

interface Level {
  path: ByteString;
  names: ByteString[];
  next: number;
  /** Some of the names are such as SQLite keeps beside a database. */
  hasSidecars: boolean;
}

/** What restores leave beside or inside a target while they are at work, and what they keep there, begins so. */
export const RESERVED_PREFIX = '.holdfast-';

/** True where an open folder holds nothing but what restores put there. */
export function isEmpty(posix: Posix, folder: number): boolean {
  return posix.names(folder).every((name) => name.startsWith(RESERVED_PREFIX));
}

/**
 * What the target holds, in manifest order, seen through descriptors so that no swapped link leads the walk elsewhere. Memory: the
 * names of the folders on the way to the present place.
 */
export class TargetWalk {
  readonly #posix: Posix;
  readonly #paths: SafePath | undefined;
  readonly #site: WalkedSite;
  readonly #levels: Level[] = [];
  #next: FoundEntry | undefined;

  constructor(posix: Posix, site: WalkedSite) {
    this.#posix = posix;
    this.#site = site;
    this.#paths = site.target < 0 ? undefined : new SafePath(posix, site.target);
    this.#next = site.status === undefined ? undefined : { path: '' as ByteString, status: site.status };
  }

  /** The entry that comes next. */
  peek(): FoundEntry | undefined {
    return this.#next;
  }

  /** Goes on behind the present entry: into it where it is a folder. */
  advance(): void {
    const present = this.#next;
    if (present?.status.type === 'directory') this.#enter(present.path);
    this.#next = this.#findNext();
  }

  /** Goes on behind the present entry and everything in it. */
  skip(): void {
    this.#next = this.#findNext();
  }

  /** What SQLite would play into a database at `path`, where the walk has come to, whether or not one is there now. */
  liveLogs(path: ByteString): ByteString[] {
    const { parent, target } = this.#site;
    if (path === '') return target < 0 && parent >= 0 ? liveLogs(this.#posix, parent, lastName(this.#site.path)) : [];
    const folder = parentPath(path);
    const level = this.#levels.findLast((one) => one.path === folder);
    if (level?.hasSidecars !== true || this.#paths === undefined) return [];
    const logs = liveLogs(this.#posix, this.#paths.directory(folder), lastName(path));
    return logs.map((name) => (folder === '' ? name : `${folder}/${name}`) as ByteString);
  }

  close(): void {
    this.#paths?.close();
  }

  #enter(path: ByteString): void {
    if (this.#paths === undefined) return;
    try {
      const names = this.#posix.names(this.#paths.directory(path));
      const own = path === '' ? names.filter((name) => !name.startsWith(RESERVED_PREFIX)) : names;
      this.#levels.push({ path, names: own.sort(), next: 0, hasSidecars: own.some(isSqliteSidecar) });
    } catch (error) {
      if (!isGone(error)) throw Object.assign(error as Error, { path });
    }
  }

  #findNext(): FoundEntry | undefined {
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const name = level.names[level.next++];
      if (name === undefined) {
        this.#levels.pop();
        continue;
      }
      const path = (level.path === '' ? name : `${level.path}/${name}`) as ByteString;
      const status = this.#statusOf(level.path, name);
      if (status !== undefined) return { path, status };
    }
    return undefined;
  }

  #statusOf(folder: ByteString, name: ByteString): FileStatus | undefined {
    try {
      return this.#posix.statusAt((this.#paths as SafePath).directory(folder), name);
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }
}

/** It vanished, or changed its kind, since its folder was read. */
function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemCode(error) ?? '');
}
