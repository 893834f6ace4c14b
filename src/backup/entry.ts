import type { ByteString } from '../shared/bytes.ts';

/**
 * One object of a file system, as a snapshot's manifest records it. Sources produce entries, the manifest
 * codec stores them, restore and export consume them.
 */
export type EntryType = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'char-device' | 'block-device';

/** A chunk of a file's data: its 32-byte ID and its length in bytes. */
export interface ChunkRef {
  id: Buffer;
  length: number;
}

/** A run of bytes inside a file that the file system does not store: reads as zeros. */
export interface Hole {
  offset: number;
  length: number;
}

export interface Xattr {
  name: ByteString;
  value: Buffer;
}

export interface Entry {
  /** Path below the snapshot's root: raw components joined by `/`; '' is the root itself. */
  path: ByteString;
  type: EntryType;
  /** The twelve permission bits (07777): setuid, setgid, sticky, rwxrwxrwx. */
  mode: number;
  uid: number;
  gid: number;
  /** Owner and group by name, raw bytes, where the source's host knew them. */
  user?: ByteString | undefined;
  group?: ByteString | undefined;
  /** Modification time in nanoseconds since 1970-01-01T00:00:00Z; may be negative. */
  mtimeNs: bigint;
  /** Files: logical size in bytes, holes included. Zero for everything else. */
  size: number;
  /** Files: SHA-256 of the logical content. Absent only where the holes were too large to hash, and in an empty file. */
  digest?: Buffer | undefined;
  /** Files: the chunks of the stored data, in order: the logical content without its holes. Absent: nothing read yet. */
  chunks?: readonly ChunkRef[] | undefined;
  /** Files: holes in ascending order, not overlapping. */
  holes?: readonly Hole[] | undefined;
  /** Symbolic links: the target, raw bytes. */
  target?: ByteString | undefined;
  /** Devices. */
  device?: { major: number; minor: number } | undefined;
  /** Files and specials: the path of the first member of this entry's hard-link group; absent on that first member. */
  hardlink?: ByteString | undefined;
  /** Extended attributes, ACLs among them (`system.posix_acl_access`, raw kernel bytes), sorted by name. */
  xattrs?: readonly Xattr[] | undefined;
  /** True where the content was taken through a database's own backup and is no byte copy. */
  viaBackupApi?: boolean | undefined;
}

/**
 * Manifest order: depth-first, a folder right before its content, components compared as unsigned bytes
 * (as if `/` sorted below every byte). Returns a negative number, 0 or a positive number.
 */
export function comparePaths(a: string, b: string): number {
  // What is merged is mostly the same on both sides, and the engine compares whole strings faster than this loop.
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    if (x === 0x2f) return -1;
    if (y === 0x2f) return 1;
    return x - y;
  }
  return a.length - b.length;
}
