import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import type { FileStatus } from '../../../src/backup/posix/file-status.ts';
import type { Posix } from '../../../src/backup/posix/posix.ts';
import { readXattrs } from '../../../src/backup/posix/xattrs.ts';
import { type ByteString, encodeText } from '../../../src/shared/bytes.ts';

/** One object of a file system in words, so that every difference can be shown. */
export interface TreeFact {
  type: string;
  mode: string;
  owner: string;
  mtimeNs: string;
  /** The first path of its hard-link group in this tree; its own where it has no other. */
  sameAs: string;
  size: number;
  content: string;
  /** Where SEEK_DATA and SEEK_HOLE find holes: `offset+length ...`. */
  holes: string;
  target: string;
  device: string;
  xattrs: string;
}

/** By path below the root, raw bytes; '' is the root itself. */
export type Tree = Map<string, TreeFact>;

/** Everything there is to know of a tree, for comparison with another or with itself later; of files above a size not their content. */
export function readTree(posix: Posix, root: string, mostHashedBytes = Number.POSITIVE_INFINITY): Tree {
  const reader = new TreeReader(posix, mostHashedBytes);
  const fd = posix.openRoot(encodeText(root));
  try {
    reader.folder(fd, '');
  } finally {
    posix.close(fd);
  }
  return reader.tree;
}

class TreeReader {
  readonly tree: Tree = new Map();
  readonly #posix: Posix;
  readonly #mostHashedBytes: number;
  readonly #links = new Map<string, string>();

  constructor(posix: Posix, mostHashedBytes: number) {
    this.#posix = posix;
    this.#mostHashedBytes = mostHashedBytes;
  }

  folder(fd: number, path: string): void {
    this.tree.set(path, {
      ...this.#common(this.#posix.status(fd), path),
      xattrs: this.#xattrs(fd),
    });
    for (const name of this.#posix.names(fd).sort()) this.#child(fd, name, path === '' ? name : `${path}/${name}`);
  }

  #child(dir: number, name: ByteString, path: string): void {
    const status = this.#posix.statusAt(dir, name);
    if (status.type === 'directory') {
      this.#open(this.#posix.openDirectory(dir, name), (fd) => this.folder(fd, path));
      return;
    }
    const fact = this.#common(status, path);
    const key = `${status.dev}:${status.ino}`;
    const sameAs = this.#links.get(key) ?? path;
    this.#links.set(key, sameAs);
    const xattrs = this.#xattrs({ dir, name });
    if (status.type === 'symlink')
      this.tree.set(path, { ...fact, sameAs, xattrs, target: this.#posix.readSymlink(dir, name) });
    else if (status.type === 'file')
      this.#open(this.#posix.openForReading(dir, name), (fd) => {
        this.tree.set(path, {
          ...fact,
          sameAs,
          xattrs,
          size: status.size,
          content: status.size > this.#mostHashedBytes ? '' : hashOf(fd),
          holes: this.#holes(fd, status.size),
        });
      });
    else this.tree.set(path, { ...fact, sameAs, xattrs, device: JSON.stringify(status.device ?? '') });
  }

  #open(fd: number, work: (fd: number) => void): void {
    try {
      work(fd);
    } finally {
      this.#posix.close(fd);
    }
  }

  #common(status: FileStatus, path: string): TreeFact {
    return {
      type: status.type,
      mode: status.mode.toString(8),
      owner: `${status.uid}:${status.gid}`,
      mtimeNs: String(status.mtimeNs),
      sameAs: path,
      size: 0,
      content: '',
      holes: '',
      target: '',
      device: '',
      xattrs: '',
    };
  }

  #holes(fd: number, size: number): string {
    return this.#posix
      .holes(fd, size)
      .map(({ offset, length }) => `${offset}+${length}`)
      .join(' ');
  }

  #xattrs(carrier: Parameters<typeof readXattrs>[1]): string {
    return readXattrs(this.#posix, carrier)
      .map(({ name, value }) => `${name}=${value.toString('hex')}`)
      .join(' ');
  }
}

function hashOf(fd: number): string {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(2 ** 20);
  for (let position = 0; ; ) {
    const got = readSync(fd, buffer, 0, buffer.length, position);
    if (got === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, got));
    position += got;
  }
}
