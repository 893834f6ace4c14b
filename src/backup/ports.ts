/**
 * The engine's ports: what it asks of the world, with the promises that it relies on.
 */

export interface ObjectInfo {
  /** Full name in the store, such as `packs/4f/4f07...`. */
  name: string;
  /** Size in bytes. */
  size: number;
}

/**
 * A finished file in the store's spool folder whose bytes become an object. The store takes the file over: it is gone once `put`
 * has resolved. After an error that is `retryable` it is still there for another try; any other error removes it at the latest
 * when the store is closed.
 */
export interface SpooledFile {
  path: string;
  size: number;
}

/** What a worker thread needs to write a pack into the spool folder. The store syncs the file when it is put. */
export interface SpoolFileSystem {
  openSync(path: string, flags: number, mode: number): number;
  /** Writes at the file's offset; returns how many bytes were written, which may be less than asked. */
  writeSync(fd: number, buffer: Uint8Array, offset: number, length: number): number;
  closeSync(fd: number): void;
}

export interface ByteRange {
  /** First byte; negative counts from the end of the object. */
  offset: number;
  /** How many bytes at most. */
  length: number;
}

/**
 * A place that keeps immutable objects by name (docs/FORMAT.md section 2).
 *
 * Promises:
 * - `put` is atomic (other readers see nothing or the whole object) and durable once it resolves. Putting a name that
 *   exists is allowed and leaves one of the two contents; the engine only does it with equal content or unique names.
 * - What `get` gives belongs to the caller, who may overwrite or detach it.
 * - `get` and `stat` see every `put` that resolved before they were called.
 * - `list` may lag behind puts and deletes by a bounded time (local stores: not at all). Its order is unspecified.
 * - `delete` of an absent object succeeds. A delete may be undone by a power cut (it need not be durable).
 * - Errors are HoldfastErrors: `not_found` (get only), `storage_full`, `store_unavailable` (the place itself is missing: not
 *   mounted, no such folder, no route), `permission`, `store_failed` for all else; `retryable` is set where a repetition may help.
 * - Calls may run in parallel. Names are checked against the grammar of FORMAT.md section 2; others are refused (`usage`).
 */
export interface Store {
  /** For people: a path or URL without secrets. */
  readonly location: string;
  list(prefix: string, signal?: AbortSignal): Promise<ObjectInfo[]>;
  get(name: string, range?: ByteRange, signal?: AbortSignal): Promise<Buffer>;
  put(name: string, body: Uint8Array | SpooledFile, signal?: AbortSignal): Promise<void>;
  delete(name: string, signal?: AbortSignal): Promise<void>;
  /** The object's size, or undefined when it is absent. */
  stat(name: string, signal?: AbortSignal): Promise<{ size: number } | undefined>;
  /** Free bytes for new objects, or undefined where the store cannot tell. */
  freeBytes(): Promise<number | undefined>;
  /**
   * A folder where a file may be prepared so that `put` of it is cheap (local: same file system, so a rename). Created when missing.
   * Files there that nobody put are removed by the store once their process has died.
   */
  spoolFolder(): Promise<string>;
  /**
   * The object as a plain local file that worker threads may read synchronously, or undefined where there is none. Only local stores
   * answer; callers fall back to `get`.
   */
  localPath(name: string): string | undefined;
  close(): Promise<void>;
}

/** What a long operation tells while it runs. Counters only ever grow. Cheap to call: receivers coalesce. */
export interface ProgressEvent {
  phase: string;
  /** Work done so far in this phase. */
  files?: number;
  bytes?: number;
  /** Totals where they are known. */
  totalFiles?: number;
  totalBytes?: number;
  /** What is being worked on, printable text. */
  current?: string;
}

export interface OperationContext {
  signal?: AbortSignal | undefined;
  onProgress?: ((event: ProgressEvent) => void) | undefined;
  /** Something a person should know although the operation goes on. Also collected into results. */
  onWarning?: ((message: string) => void) | undefined;
}
