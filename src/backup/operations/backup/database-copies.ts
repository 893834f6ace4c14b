import { closeSync, constants, openSync } from 'node:fs';
import type { ByteString } from '../../../shared/bytes.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import type { FileStatus } from '../../posix/file-status.ts';
import type { Posix } from '../../posix/posix.ts';
import { readStart } from '../../posix/read-start.ts';
import type { Found } from '../../sources/folder/walk.ts';
import { sidecarsOf } from '../../sources/sqlite/sidecars.ts';
import { snapshotDatabase } from '../../sources/sqlite/snapshot-database.ts';

const MAGIC = Buffer.from('SQLite format 3\0');
/** A database written within this time is taken as in use: the clock of the file system may not tell two writes apart. */
const RECENT_NS = 2_000_000_000n;

export interface DatabaseCopy {
  fd: number;
  sizeBytes: number;
  remove(): Promise<void>;
}

/** SQLite databases inside a folder: whether they are in use, and consistent copies of those that are. */
export class DatabaseCopies {
  readonly #scratchFolder: () => Promise<string>;
  readonly #nowNs: () => bigint;
  readonly #warn: (message: string) => void;

  constructor(options: { scratchFolder: () => Promise<string>; nowNs: () => bigint; warn: (message: string) => void }) {
    this.#scratchFolder = options.scratchFolder;
    this.#nowNs = options.nowNs;
    this.#warn = options.warn;
  }

  /** True where files lie beside it that a database in use has. */
  hasSidecars({ folder, name }: Found): boolean {
    return folder.hasSidecars && sidecarsOf(name).some((sidecar) => folder.names.has(sidecar));
  }

  isDatabase(posix: Posix, { folder, name, status }: Found): boolean {
    if (status.size < 512) return false;
    try {
      return folder.with((fd) => readStart(posix, fd, name, MAGIC.length)).equals(MAGIC);
    } catch {
      return false;
    }
  }

  /** The rest of the walk leaves the database's own side files out: their content is in the copy. */
  coverSidecars({ folder, name }: Found): void {
    for (const sidecar of sidecarsOf(name)) folder.covered.add(sidecar);
  }

  /** True where a byte copy could be torn: a log or journal with content beside it, or written to since the walk or just now. */
  isInUse(posix: Posix, { folder, name, status }: Found): boolean {
    if (this.#nowNs() - status.mtimeNs < RECENT_NS) return true;
    return folder.with((fd) => {
      const now = statusOrNone(posix, fd, name);
      const same = now?.mtimeNs === status.mtimeNs && now.ctimeNs === status.ctimeNs && now.size === status.size;
      const logs = sidecarsOf(name).filter((sidecar) => !sidecar.endsWith('-shm'));
      return !same || logs.some((log) => hasContent(statusOrNone(posix, fd, log)));
    });
  }

  /** When it was last changed, as the walk saw it: itself, or in a log beside it. */
  changedNs(posix: Posix, { folder, name, status }: Found): bigint {
    const logs = sidecarsOf(name).filter((sidecar) => !sidecar.endsWith('-shm'));
    const times = folder.with((fd) => logs.map((log) => statusOrNone(posix, fd, log)).filter(hasContent));
    return times.reduce((newest, log) => (log.mtimeNs > newest ? log.mtimeNs : newest), status.mtimeNs);
  }

  /** A consistent copy, open for reading; undefined where it is damaged or no database after all. */
  async copy({ folder, name, path }: Found, signal: AbortSignal | undefined): Promise<DatabaseCopy | undefined> {
    const dir = folder.hold();
    try {
      const copy = await snapshotDatabase({
        path: `/proc/self/fd/${dir}/${name}` as ByteString,
        scratchFolder: await this.#scratchFolder(),
        signal,
      });
      const fd = openSync(copy.path, constants.O_RDONLY);
      const remove = async () => {
        closeSync(fd);
        await copy.remove();
      };
      return { fd, sizeBytes: copy.sizeBytes, remove };
    } catch (error) {
      // Broken, or no database after all: its bytes are all that is to be had. Whatever else went wrong, a torn copy would be worse than none.
      if (!(error instanceof HoldfastError) || error.code !== 'damaged') throw error;
      this.#warn(`${printableName(path)}: ${error.message}`);
      return undefined;
    } finally {
      folder.release();
    }
  }
}

/** A folder of such a name is no log. */
function hasContent(status: FileStatus | undefined): status is FileStatus {
  return status?.type === 'file' && status.size > 0;
}

function statusOrNone(posix: Posix, dir: number, name: Found['name']): FileStatus | undefined {
  try {
    return posix.statusAt(dir, name);
  } catch {
    return undefined;
  }
}
