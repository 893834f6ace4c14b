import type { ByteString } from '../../../shared/bytes.ts';
import { systemCode } from '../../../shared/errors.ts';
import type { FileStatus } from '../../posix/file-status.ts';
import type { Posix } from '../../posix/posix.ts';
import { SafePath } from '../../posix/safe-path.ts';

export interface FoundEntry {
  /** Below the target; '' is the target itself. */
  path: ByteString;
  status: FileStatus;
}

interface Level {
  path: ByteString;
  names: ByteString[];
  next: number;
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
  readonly #levels: Level[] = [];
  #next: FoundEntry | undefined;

  /** `folder` is the open target, or undefined where the target is no folder; `status` is the target's own, where there is one. */
  constructor(posix: Posix, folder: number | undefined, status: FileStatus | undefined) {
    this.#posix = posix;
    this.#paths = folder === undefined ? undefined : new SafePath(posix, folder);
    this.#next = status === undefined ? undefined : { path: '' as ByteString, status };
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

  close(): void {
    this.#paths?.close();
  }

  #enter(path: ByteString): void {
    if (this.#paths === undefined) return;
    try {
      const names = this.#posix.names(this.#paths.directory(path));
      const own = path === '' ? names.filter((name) => !name.startsWith(RESERVED_PREFIX)) : names;
      this.#levels.push({ path, names: own.sort(), next: 0 });
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
