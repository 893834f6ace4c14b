import type { ByteString } from '../../../shared/bytes.ts';
import type { Posix } from '../../posix/posix.ts';
import { isSqliteSidecar } from '../sqlite/sidecars.ts';

/**
 * A folder that several parties look into at different times: the walk while it lists, and every thread that still has a file of it to read.
 * It is open while anyone holds it; who comes later opens it again, from its parent and by its own name, so that no link is ever followed.
 */
export class FolderHandle {
  readonly #posix: Posix;
  readonly #open: () => number;
  /** Names of files that the rest of the walk leaves out: another file's backup has covered them. */
  readonly covered = new Set<ByteString>();
  /** True where some name in it is one that SQLite gives to the files beside a database. */
  hasSidecars = false;
  #names: ReadonlySet<ByteString> | readonly ByteString[] = [];
  #fd = -1;
  #holders = 0;

  private constructor(posix: Posix, open: () => number) {
    this.#posix = posix;
    this.#open = open;
  }

  /** The folder at an ordinary path, in which links are followed: the user's own word. */
  static root(posix: Posix, path: ByteString): FolderHandle {
    return new FolderHandle(posix, () => posix.openRoot(path));
  }

  child(name: ByteString): FolderHandle {
    return new FolderHandle(this.#posix, () => {
      const parent = this.hold();
      try {
        return this.#posix.openDirectory(parent, name);
      } finally {
        this.release();
      }
    });
  }

  /** The names found in it, for look-ups: made when it is first asked for, since few folders ever are. */
  get names(): ReadonlySet<ByteString> {
    if (!(this.#names instanceof Set)) this.#names = new Set(this.#names);
    return this.#names as ReadonlySet<ByteString>;
  }

  setNames(names: readonly ByteString[]): void {
    this.#names = names;
    this.hasSidecars = names.some(isSqliteSidecar);
  }

  /** Opens the folder where it is not open; gives its descriptor, valid until `release`. Throws system errors. */
  hold(): number {
    if (this.#fd < 0) this.#fd = this.#open();
    this.#holders++;
    return this.#fd;
  }

  release(): void {
    this.#holders--;
    if (this.#holders > 0) return;
    this.#posix.close(this.#fd);
    this.#fd = -1;
  }

  /** Holds the folder for the time of one call. */
  with<T>(work: (fd: number) => T): T {
    const fd = this.hold();
    try {
      return work(fd);
    } finally {
      this.release();
    }
  }
}
