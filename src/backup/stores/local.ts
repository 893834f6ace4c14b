import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { throwIfAborted } from '../../shared/abort.ts';
import { HoldfastError, isNoSpace, systemCode } from '../../shared/errors.ts';
import type { ProcessIdentity } from '../../shared/process-identity.ts';
import type { ByteRange, ObjectInfo, SpooledFile, Store } from '../ports.ts';
import { resolveRange } from './byte-range.ts';
import { DurableFolders, syncFolder } from './durable-folders.ts';
import { copyContent, readFully, writeFully } from './file-content.ts';
import { type FileSystem, nodeFileSystem, type OpenFile } from './file-system.ts';
import { Limit } from './limit.ts';
import { listFolder } from './local-list.ts';
import { LocalPresence } from './local-presence.ts';
import { LocalReserve, mayUseReserve } from './local-reserve.ts';
import { LocalSpool } from './local-spool.ts';
import { checkObjectName, checkPrefix } from './object-name.ts';
import { toStoreError } from './store-error.ts';

const PARALLEL_PUTS = 4;
const ATTEMPTS = 3;
const FOLDER_LOST = new Set(['ENOENT', 'ENOTDIR']);
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP']);
/** A link or a FIFO that someone put in an object's place is neither followed nor waited for. */
const OPEN_OBJECT = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

export interface LocalStoreOptions {
  /** Marks what this process has under way, so that others leave it alone. */
  identity: ProcessIdentity;
  files?: FileSystem;
}

/**
 * Objects as files below a folder, which must exist. Unfinished files lie in `tmp/` (LocalSpool); an object is written
 * there, synced, renamed, and its folder synced, before `put` resolves. Objects are mode 0400, folders 0700.
 *
 * Beyond the port's promises: a `put` of a spooled file that rejects with `retryable` leaves the file for another try, any
 * other rejection removes it. On a full disk small objects in `gc/` and `notes/` are put all the same
 * (LocalReserve).
 */
export class LocalStore implements Store {
  readonly location: string;
  readonly #root: string;
  readonly #files: FileSystem;
  readonly #presence: LocalPresence;
  readonly #folders: DurableFolders;
  readonly #spool: LocalSpool;
  readonly #reserve: LocalReserve;
  readonly #puts = new Limit(PARALLEL_PUTS);
  #prepared: Promise<string> | undefined;

  /** `root` is an absolute path without `.` and `..`. */
  constructor(root: string, options: LocalStoreOptions) {
    const files = options.files ?? nodeFileSystem;
    const tmp = join(root, 'tmp');
    this.location = root;
    this.#root = root;
    this.#files = files;
    this.#presence = new LocalPresence(files, root);
    this.#folders = new DurableFolders(files, root);
    this.#spool = new LocalSpool(files, tmp, options.identity);
    this.#reserve = new LocalReserve(files, tmp);
  }

  async list(prefix: string, signal?: AbortSignal): Promise<ObjectInfo[]> {
    checkPrefix(prefix);
    return this.#attempt(prefix === '' ? `list ${this.location}` : `list ${prefix} in ${this.location}`, async () => {
      const found = await listFolder(this.#files, this.#root, prefix, signal);
      if (found === undefined) await this.#presence.check();
      return found ?? [];
    });
  }

  async get(name: string, range?: ByteRange, signal?: AbortSignal): Promise<Buffer> {
    checkObjectName(name);
    throwIfAborted(signal);
    const content = await this.#attempt(`read ${name} in ${this.location}`, () =>
      this.#unlessAbsent(() => this.#read(name, range, signal)),
    );
    if (content !== undefined) return content;
    throw new HoldfastError('not_found', `No object ${name} in ${this.location}.`);
  }

  async put(name: string, body: Uint8Array | SpooledFile, signal?: AbortSignal): Promise<void> {
    checkObjectName(name);
    try {
      await this.#puts.run(() => this.#put(name, body, signal));
    } catch (error) {
      const retryable = error instanceof HoldfastError && error.retryable;
      if (!retryable && !(body instanceof Uint8Array)) await this.#discard(body.path);
      throw error;
    }
  }

  async delete(name: string, signal?: AbortSignal): Promise<void> {
    checkObjectName(name);
    throwIfAborted(signal);
    await this.#attempt(`delete ${name} in ${this.location}`, () =>
      this.#unlessAbsent(async () => {
        await this.#files.unlink(join(this.#root, name));
        await this.#removeEmptySession(name);
      }),
    );
  }

  async stat(name: string, signal?: AbortSignal): Promise<{ size: number } | undefined> {
    checkObjectName(name);
    throwIfAborted(signal);
    return this.#attempt(`look up ${name} in ${this.location}`, () =>
      this.#unlessAbsent(async () => {
        const facts = await this.#files.lstat(join(this.#root, name));
        return facts.isFile() ? { size: facts.size } : undefined;
      }),
    );
  }

  async freeBytes(): Promise<number> {
    return this.#attempt(`measure the free space of ${this.location}`, async () => {
      const { bavail, bsize } = await this.#files.statfs(this.#root);
      return bavail * bsize;
    });
  }

  async spoolFolder(): Promise<string> {
    return this.#attempt(`make a folder below ${this.location}/tmp`, () => this.#prepareSpool());
  }

  localPath(name: string): string | undefined {
    checkObjectName(name);
    return this.#files.pathsAreReal ? join(this.#root, name) : undefined;
  }

  async close(): Promise<void> {
    this.#prepared = undefined;
    await this.#spool.close();
  }

  /** Runs `call` once the folder is known to be there, and gives its system errors their meaning. */
  async #attempt<T>(doing: string, call: () => Promise<T>): Promise<T> {
    try {
      await this.#presence.begin();
      return await call();
    } catch (error) {
      throw toStoreError(error, doing);
    }
  }

  /** Undefined for what is absent, as long as the store itself is there. */
  async #unlessAbsent<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await call();
      this.#presence.noteFilled();
      return result;
    } catch (error) {
      if (!ABSENT.has(systemCode(error) ?? '')) throw error;
      await this.#presence.check();
      return undefined;
    }
  }

  async #read(name: string, range: ByteRange | undefined, signal?: AbortSignal): Promise<Buffer | undefined> {
    const file = await this.#files.open(join(this.#root, name), OPEN_OBJECT);
    try {
      const facts = await file.stat();
      if (!facts.isFile()) return undefined;
      const { start, end } = resolveRange(range, facts.size);
      return await readFully(file, start, end, signal);
    } finally {
      await file.close();
    }
  }

  async #put(name: string, body: Uint8Array | SpooledFile, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const size = body instanceof Uint8Array ? body.length : body.size;
    await this.#attempt(`store ${name} (${size} bytes) in ${this.location}`, async () => {
      try {
        await this.#publish(name, body, signal);
      } catch (error) {
        if (!isNoSpace(error) || !mayUseReserve(name, size)) throw error;
        await this.#reserve.release();
        await this.#publish(name, body, signal);
      }
    });
    this.#presence.noteFilled();
  }

  /** Somebody else may remove an empty folder at any moment: then it is made again, unless the whole store is gone. */
  async #publish(name: string, body: Uint8Array | SpooledFile, signal?: AbortSignal): Promise<void> {
    const target = join(this.#root, name);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#prepareSpool();
        return await (body instanceof Uint8Array
          ? this.#publishBytes(target, body, signal)
          : this.#publishFile(target, body, signal));
      } catch (error) {
        if (!FOLDER_LOST.has(systemCode(error) ?? '') || attempt === ATTEMPTS) throw error;
        await this.#presence.check();
        this.#folders.forget(dirname(target));
        await this.#forgetLostSpool();
      }
    }
  }

  async #publishBytes(target: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#publishNew(target, (file) => writeFully(file, bytes, signal));
  }

  async #publishFile(target: string, body: SpooledFile, signal?: AbortSignal): Promise<void> {
    const source = await this.#files.open(body.path, OPEN_OBJECT);
    try {
      const { size } = await source.stat();
      if (size !== body.size) {
        throw new HoldfastError('store_failed', `The file prepared for ${target} has ${size} bytes, not ${body.size}.`);
      }
      await this.#finish(source);
      if (await this.#moveIntoPlace(body.path, target)) return;
      await this.#publishNew(target, (file) => copyContent(source, file, size, signal));
      await this.#discard(body.path);
    } finally {
      await source.close();
    }
  }

  /** Writes an object under a temporary name, and gives it its own once all of it is on the disk. */
  async #publishNew(target: string, write: (file: OpenFile) => Promise<void>): Promise<void> {
    const temporary = await this.#spool.newPath();
    const file = await this.#files.open(temporary, CREATE, 0o400);
    try {
      try {
        await write(file);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#folders.ensure(dirname(target));
      await this.#files.rename(temporary, target);
    } catch (error) {
      await this.#discard(temporary);
      throw error;
    }
    await syncFolder(this.#files, dirname(target));
  }

  async #finish(file: OpenFile): Promise<void> {
    // The mode only keeps people from slips; some file systems have none.
    await file.chmod(0o400).catch(() => undefined);
    await file.sync();
  }

  /** False when `path` lies on another file system than the store. */
  async #moveIntoPlace(path: string, target: string): Promise<boolean> {
    await this.#folders.ensure(dirname(target));
    try {
      await this.#files.rename(path, target);
    } catch (error) {
      if (systemCode(error) === 'EXDEV') return false;
      throw error;
    }
    await syncFolder(this.#files, dirname(target));
    return true;
  }

  /** Once, for all puts that wait for it; again after a failure. */
  #prepareSpool(): Promise<string> {
    if (this.#prepared === undefined) {
      const preparing = this.#openSpool();
      this.#prepared = preparing;
      preparing.catch(() => {
        this.#prepared = undefined;
      });
    }
    return this.#prepared;
  }

  async #openSpool(): Promise<string> {
    await this.#presence.check();
    await this.#removeEmptySessions();
    const folder = await this.#spool.open();
    await this.#reserve.prepare();
    return folder;
  }

  async #forgetLostSpool(): Promise<void> {
    try {
      await this.#files.lstat(await this.#spool.open());
    } catch (error) {
      if (!FOLDER_LOST.has(systemCode(error) ?? '')) throw error;
      this.#spool.forget();
      this.#prepared = undefined;
    }
  }

  async #discard(path: string): Promise<void> {
    await this.#files.unlink(path).catch(() => undefined);
  }

  /** What writers left that died before their first object was there or after their last one was gone. One that lives makes its own again. */
  async #removeEmptySessions(): Promise<void> {
    const sessions = join(this.#root, 'sessions');
    const entries = await this.#files.readdir(sessions).catch(() => []);
    for (const { name } of entries) await this.#files.rmdir(join(sessions, name)).catch(() => undefined);
  }

  /** `sessions/ID` is one writer's own and would stay behind for ever; other folders are shared and few. */
  async #removeEmptySession(name: string): Promise<void> {
    if (!/^sessions\/[^/]+\/[^/]+$/.test(name)) return;
    await this.#files.rmdir(join(this.#root, dirname(name))).catch(() => undefined);
  }
}
