import { closeSync, writeSync } from 'node:fs';
import type { Xattr } from '../../../src/backup/entry.ts';
import type { NodeType, Posix } from '../../../src/backup/posix/posix.ts';
import { type ByteString, encodeText } from '../../../src/shared/bytes.ts';

/** What is set on an object after it was made, in this order. */
export interface Dressing {
  uid?: number;
  gid?: number;
  mode?: number;
  xattrs?: readonly Xattr[];
  mtimeNs?: bigint;
}

/** A stretch of a sparse file that holds data. */
export interface Piece {
  offset: number;
  content: Uint8Array;
}

/**
 * Makes and changes objects below a folder by paths of raw bytes and of any length: every step goes through an open folder, so the kernel's limit on
 * the length of a path does not matter.
 */
export class TreeMaker {
  readonly posix: Posix;
  readonly root: string;

  constructor(posix: Posix, root: string) {
    this.posix = posix;
    this.root = root;
  }

  /** Opens the folder that holds `path`, making what is missing, for the time of one call. */
  within<T>(path: string, work: (dir: number, name: ByteString) => T): T {
    const names = path.split('/') as ByteString[];
    const last = names.pop() as ByteString;
    let dir = this.posix.openRoot(encodeText(this.root));
    try {
      for (const name of names) {
        const next = this.#enter(dir, name);
        this.posix.close(dir);
        dir = next;
      }
      return work(dir, last);
    } finally {
      this.posix.close(dir);
    }
  }

  folder(path: string, dressing: Dressing = {}): void {
    this.within(path, (dir, name) => {
      closeSync(this.#enter(dir, name));
      this.#dress(dir, name, dressing);
    });
  }

  file(path: string, content: Uint8Array | string, dressing: Dressing = {}): void {
    this.sparse(path, content.length, [{ offset: 0, content: Buffer.from(content) }], dressing);
  }

  /** A file of `size` bytes that holds data in `pieces` alone. */
  sparse(path: string, size: number, pieces: readonly Piece[], dressing: Dressing = {}): void {
    this.within(path, (dir, name) => {
      const fd = this.posix.createFile(dir, name, 0o644);
      try {
        this.posix.truncate(fd, size);
        for (const { offset, content } of pieces) writeAll(fd, content, offset);
      } finally {
        this.posix.close(fd);
      }
      this.#dress(dir, name, dressing);
    });
  }

  symlink(path: string, target: string, dressing: Dressing = {}): void {
    this.within(path, (dir, name) => {
      this.posix.makeSymlink(target as ByteString, dir, name);
      this.#dress(dir, name, dressing);
    });
  }

  node(path: string, type: NodeType, device = { major: 0, minor: 0 }, dressing: Dressing = {}): void {
    this.within(path, (dir, name) => {
      this.posix.makeNode(dir, name, type, 0o640, device);
      this.#dress(dir, name, dressing);
    });
  }

  link(from: string, to: string): void {
    this.within(from, (fromDir, fromName) => {
      this.within(to, (toDir, toName) => this.posix.link(fromDir, fromName, toDir, toName));
    });
  }

  rename(from: string, to: string): void {
    this.within(from, (fromDir, fromName) => {
      this.within(to, (toDir, toName) => this.posix.rename(fromDir, fromName, toDir, toName));
    });
  }

  remove(path: string): void {
    this.within(path, (dir, name) => {
      this.#empty(dir, name);
    });
  }

  /** Writes into an existing file, growing it where needed. */
  write(path: string, offset: number, content: Uint8Array): void {
    this.within(path, (dir, name) => {
      const fd = this.posix.openForWriting(dir, name);
      try {
        writeAll(fd, content, offset);
      } finally {
        this.posix.close(fd);
      }
    });
  }

  dress(path: string, dressing: Dressing): void {
    this.within(path, (dir, name) => this.#dress(dir, name, dressing));
  }

  #enter(dir: number, name: ByteString): number {
    try {
      this.posix.makeDirectory(dir, name, 0o755);
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
    }
    return this.posix.openDirectory(dir, name);
  }

  #empty(dir: number, name: ByteString): void {
    if (this.posix.statusAt(dir, name).type !== 'directory') {
      this.posix.unlink(dir, name);
      return;
    }
    const fd = this.posix.openDirectory(dir, name);
    try {
      for (const child of this.posix.names(fd)) this.#empty(fd, child);
    } finally {
      this.posix.close(fd);
    }
    this.posix.removeDirectory(dir, name);
  }

  #dress(dir: number, name: ByteString, { uid, gid, mode, xattrs = [], mtimeNs }: Dressing): void {
    if (uid !== undefined || gid !== undefined) this.posix.setOwnerAt(dir, name, uid ?? -1, gid ?? -1);
    if (mode !== undefined) this.posix.setModeAt(dir, name, mode);
    for (const xattr of xattrs) this.posix.setXattrAt(dir, name, xattr.name, xattr.value);
    if (mtimeNs !== undefined) this.posix.setTimesAt(dir, name, mtimeNs);
  }
}

function writeAll(fd: number, content: Uint8Array, offset: number): void {
  for (let at = 0; at < content.length; ) at += writeSync(fd, content, at, content.length - at, offset + at);
}
