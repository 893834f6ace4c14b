import type { SharedTable } from './entry-table.ts';

/** What the coordinator and the restoring threads say to each other. Plain data: it is cloned or shared on its way. */

/** What every thread is told first. Secrets stay inside the process. */
export interface ThreadSetup {
  idSecret: Uint8Array;
  epochs: { epoch: number; index: Uint8Array; meta: Uint8Array; data: Uint8Array }[];
  repositoryId: Uint8Array;
  posix: 'auto' | 'off';
  /** Sync every file and folder by itself: there is no call for the whole file system. */
  syncEach: boolean;
  /** Folders of a stage that a thread may hold open. */
  openFolders: number;
}

/** Open folders of one target; their descriptors belong to the coordinator. */
export interface JobPlace {
  /** Never used twice, unlike descriptors. */
  id: number;
  /** Where new content goes. */
  stage: number;
  /** What is being restored to; -1 where it is no folder yet. */
  target: number;
}

export interface BlockJob {
  kind: 'block';
  place: JobPlace;
  table: SharedTable;
  pieces: SharedArrayBuffer;
  /** The block's pieces: from `first` up to, not including, `end`. */
  first: number;
  end: number;
  /** Name of the pack in the store. */
  object: string;
  offset: number;
  length: number;
  /** The pack as a local file; else its first bytes and the block. */
  path?: string | undefined;
  envelope?: Uint8Array | undefined;
  bytes?: Uint8Array | undefined;
}

/** Rows without content. */
export interface RowsJob {
  kind: 'rows';
  place: JobPlace;
  table: SharedTable;
  first: number;
  end: number;
  /** Folders: from the last to the first, so that what a folder holds comes before it. */
  backwards: boolean;
}

/** Reads files of the stage again and compares their digests. */
export interface CheckJob {
  kind: 'check';
  place: JobPlace;
  table: SharedTable;
  first: number;
  end: number;
}

/** SHA-256 of files in the target; what cannot be read gets zeros. */
export interface DigestJob {
  kind: 'digest';
  place: JobPlace;
  paths: string[];
}

/** Takes unfinished files out of the stage; `from`, where given, is what the target has instead. */
export interface DiscardJob {
  kind: 'discard';
  place: JobPlace;
  paths: string[];
  from: (string | null)[];
}

/** Makes everything below the stage durable. */
export interface SyncJob {
  kind: 'sync';
  place: JobPlace;
}

/** Deletes names in an open folder with all that is below them. */
export interface RemoveJob {
  kind: 'remove';
  dir: number;
  names: string[];
}

export type Job = BlockJob | RowsJob | CheckJob | DigestJob | DiscardJob | SyncJob | RemoveJob;

export interface JobResult {
  /** Rows that are complete now. */
  finished: number;
  /** Bytes of content written. */
  bytes: number;
  /** Pieces that could not be written because they are damaged, and why. */
  bad: number[];
  problem: string;
  /** Objects whose owner could not be set, and the first one's path. */
  foreign: number;
  foreignExample: string;
  /** Extended attributes that the target does not take, by name. */
  refusedXattrs: string[];
  /** Rows whose digest is not the one recorded, and further names that do not fit their file. */
  mismatched: number[];
  digests: Uint8Array | undefined;
}

export function emptyResult(): JobResult {
  return {
    finished: 0,
    bytes: 0,
    bad: [],
    problem: '',
    foreign: 0,
    foreignExample: '',
    refusedXattrs: [],
    mismatched: [],
    digests: undefined,
  };
}

export type ToThread =
  | { type: 'setup'; setup: ThreadSetup }
  | { type: 'job'; number: number; job: Job }
  /** Give back what is open, and end. */
  | { type: 'close' };

export interface ThreadError {
  message: string;
  code: string | undefined;
  /** Of a HoldfastError. */
  holdfast: boolean;
  advice: string | undefined;
  /** Where it happened, raw bytes below the stage or the target. */
  path: string | undefined;
}

export type FromThread =
  | { type: 'done'; number: number; result: JobResult }
  | { type: 'failed'; number: number; error: ThreadError };
