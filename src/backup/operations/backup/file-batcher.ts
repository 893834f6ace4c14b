import type { FileStatus } from '../../posix/file-status.ts';
import type { Found } from '../../sources/folder/walk.ts';
import {
  FILE_DIFFERENT,
  FILE_STORED,
  FILE_VANISHED,
  type FileDetail,
  type FilesResult,
} from '../../threads/pack-jobs.ts';
import type { WritingSession } from '../writing/writing-session.ts';
import type { QueuedEntry } from './entry-queue.ts';

/** Files and bytes handed to a thread at once: enough to keep messages rare, little enough to share the work evenly. */
const BATCH_FILES = 128;
const BATCH_BYTES = 2 ** 20;
/** What opening a file costs, in bytes of reading. */
const FILE_COST = 8192;
/** Folders that one batch may keep open. */
const BATCH_FOLDERS = 32;

/** Entries that may follow a file that is gathered: all of them wait for it, and what waits long costs the garbage collector more than another message. */
const BATCH_FOLLOWERS = 512;

/** What a file system allocates at once, most often. */
const BLOCK_BYTES = 4096;

/**
 * Files of more than one block are asked, whatever they take on disk: blocks for extended attributes, for a long list of extents, or reserved for later
 * may hide that others are missing.
 */
export function mayHaveHoles({ size, blocks }: Pick<FileStatus, 'size' | 'blocks'>): boolean {
  return size > BLOCK_BYTES || blocks * 512 < size;
}

export interface BatchedFile {
  found: Found;
  queued: QueuedEntry;
}

export type FileOutcome =
  | { kind: 'stored'; digest: Buffer; detail: FileDetail | undefined }
  | { kind: 'vanished' }
  | { kind: 'different' }
  | { kind: 'unreadable'; problem: string };

/** Gathers small files into jobs for the packing threads. */
export class FileBatcher {
  readonly #session: WritingSession;
  readonly #onOutcome: (file: BatchedFile, outcome: FileOutcome) => void;
  readonly #onBatch: (result: FilesResult) => void;
  readonly #running = new Set<Promise<void>>();
  #files: (BatchedFile & { folder: number })[] = [];
  #bytes = 0;
  #followers = 0;
  #folders = new Set<number>();
  #failure: unknown;

  constructor(
    session: WritingSession,
    onOutcome: (file: BatchedFile, outcome: FileOutcome) => void,
    onBatch: (result: FilesResult) => void,
  ) {
    this.#session = session;
    this.#onOutcome = onOutcome;
    this.#onBatch = onBatch;
  }

  /** Takes a file on, throwing where its folder cannot be opened any more; true when the batch went to a thread, so that the caller may wait for room. */
  add(file: BatchedFile): boolean {
    const folder = file.found.folder.hold();
    this.#files.push({ ...file, folder });
    this.#bytes += file.found.status.size;
    this.#folders.add(folder);
    const full = this.#files.length >= BATCH_FILES || this.#bytes >= BATCH_BYTES || this.#folders.size >= BATCH_FOLDERS;
    if (full) this.send();
    return full;
  }

  /** To be called for every entry, so that those that follow a gathered file do not wait long for others of its kind. */
  pass(): void {
    if (this.#files.length > 0 && ++this.#followers >= BATCH_FOLLOWERS) this.send();
  }

  /** Sends what has been gathered. */
  send(): void {
    if (this.#files.length === 0) return;
    const files = this.#files;
    const cost = this.#bytes + FILE_COST * files.length;
    this.#files = [];
    this.#bytes = 0;
    this.#followers = 0;
    this.#folders = new Set();
    const running = this.#run(files, cost).finally(() => {
      this.#running.delete(running);
    });
    // Kept for `settle`: whoever waits may come after it happened.
    running.catch((error: unknown) => {
      this.#failure ??= error;
    });
    this.#running.add(running);
  }

  /** Everything given so far has its outcome. Rejects with whatever ever went wrong. */
  async settle(): Promise<void> {
    this.send();
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #run(files: readonly (BatchedFile & { folder: number })[], cost: number): Promise<void> {
    try {
      const result = await this.#session.pool.run(
        {
          kind: 'files',
          folders: files.map(({ folder }) => folder),
          names: files.map(({ found }) => found.name),
          sizes: files.map(({ found }) => found.status.size),
          sparse: files.map(({ found }) => mayHaveHoles(found.status)),
        },
        cost,
      );
      this.#onBatch(result);
      const details = new Map(result.details.map((detail) => [detail.at, detail]));
      files.forEach((file, at) => {
        this.#onOutcome(file, outcomeAt(result, at, details.get(at)));
      });
    } finally {
      for (const { found } of files) found.folder.release();
    }
  }
}

function outcomeAt(result: FilesResult, at: number, detail: FileDetail | undefined): FileOutcome {
  switch (result.status[at]) {
    case FILE_STORED:
      return { kind: 'stored', digest: Buffer.from(result.digests.subarray(32 * at, 32 * at + 32)), detail };
    case FILE_VANISHED:
      return { kind: 'vanished' };
    case FILE_DIFFERENT:
      return { kind: 'different' };
    default:
      return { kind: 'unreadable', problem: detail?.problem ?? 'EIO' };
  }
}
