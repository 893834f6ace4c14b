import type { Hole, Xattr } from '../entry.ts';
import type { PackIndex } from '../format/pack-index.ts';

/** What the coordinator and the packing threads say to each other. Plain data: it is cloned on its way. */

/** Everything a packing thread needs. Secrets stay inside the process. */
export interface PackerSetup {
  /** Number of the thread, part of its spool files' names. */
  thread: number;
  idSecret: Uint8Array;
  epochs: { epoch: number; index: Uint8Array; meta: Uint8Array; data: Uint8Array }[];
  repositoryId: Uint8Array;
  session: Uint8Array;
  table: SharedArrayBuffer;
  usedBlocks: SharedArrayBuffer;
  /** Memory that chunk spans refer to. */
  content: SharedArrayBuffer;
  spool: string;
  posix: 'auto' | 'off';
}

/** Files of up to ONE_CHUNK_BYTES to read and store, each as one chunk. `names` are single components inside `folders` (open descriptors). */
export interface FilesJob {
  kind: 'files';
  folders: number[];
  names: string[];
  sizes: number[];
  /** Files that may have holes. */
  sparse: boolean[];
}

/** Chunks of larger content: pairs of offset and length in the shared memory. */
export interface ChunksJob {
  kind: 'chunks';
  spans: number[];
}

/** In place of an offset: so many zeros, which lie nowhere. */
export const ZEROS = -1;

/** What comes next of a content whose SHA-256 is being made. All of one content go to the same thread, which answers the last with the digest. */
export interface DigestJob {
  kind: 'digest';
  /** Which of the session's contents. */
  content: number;
  /** Pairs of offset and length in the shared memory, or of ZEROS and length. */
  spans: number[];
  last: boolean;
}

export type PackerJob = FilesJob | ChunksJob | DigestJob;

export const FILE_STORED = 0;
/** Gone before it could be opened. */
export const FILE_VANISHED = 1;
export const FILE_UNREADABLE = 2;
/** No longer a regular file, or larger than one chunk now: look at it again. */
export const FILE_DIFFERENT = 3;

/** What cannot be said in the packed arrays; most files have none. */
export interface FileDetail {
  /** Which of the job's files. */
  at: number;
  xattrs?: Xattr[];
  holes?: Hole[];
  /** With holes: SHA-256 of the content, zeros included. */
  logicalDigest?: Buffer;
  /** Size and times as found after reading, where it was shorter than expected. */
  changed?: { size: number; mtimeNs: bigint; ctimeNs: bigint };
  problem?: string;
  /** It begins like an SQLite database. */
  sqlite?: true;
}

export interface FilesResult {
  kind: 'files';
  status: Uint8Array;
  /** 32 bytes each: the SHA-256 of the stored data, which is the content but for files with holes. */
  digests: Uint8Array;
  details: FileDetail[];
  bytesRead: number;
  bytesAdded: number;
  chunksAdded: number;
}

export interface ChunksResult {
  kind: 'chunks';
  /** 32 bytes each. */
  ids: Uint8Array;
  bytesAdded: number;
  chunksAdded: number;
}

export interface DigestResult {
  kind: 'digest';
  /** Of all of the content, once the last of it was given. */
  digest: Uint8Array | undefined;
}

export type PackerResult = FilesResult | ChunksResult | DigestResult;

export type ToPacker =
  | { type: 'setup'; setup: PackerSetup }
  | { type: 'table'; table: SharedArrayBuffer }
  | { type: 'job'; number: number; job: PackerJob }
  | { type: 'finish' }
  | { type: 'stop' };

export type FromPacker =
  /** It has booted. */
  | { type: 'ready' }
  | { type: 'done'; number: number; result: PackerResult }
  | { type: 'pack'; path: string; index: PackIndex }
  | { type: 'finished' }
  | { type: 'failed'; message: string; code: string | undefined };
