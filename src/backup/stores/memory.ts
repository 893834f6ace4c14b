import { mkdtemp, readFile, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { throwIfAborted } from '../../shared/abort.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { ByteRange, ObjectInfo, SpooledFile, Store } from '../ports.ts';
import { resolveRange } from './byte-range.ts';
import { checkObjectName, checkPrefix } from './object-name.ts';
import { toStoreError } from './store-error.ts';

/** Objects in this process's memory, for tests. Stores that are given the same map are the same place. */
export class MemoryStore implements Store {
  readonly location: string;
  readonly #objects: Map<string, Buffer>;
  #spool: Promise<string> | undefined;

  constructor(objects: Map<string, Buffer> = new Map(), location = 'memory:') {
    this.#objects = objects;
    this.location = location;
  }

  async list(prefix: string, signal?: AbortSignal): Promise<ObjectInfo[]> {
    checkPrefix(prefix);
    throwIfAborted(signal);
    const found: ObjectInfo[] = [];
    for (const [name, content] of this.#objects) {
      if (name.startsWith(prefix)) found.push({ name, size: content.length });
    }
    return found;
  }

  async get(name: string, range?: ByteRange, signal?: AbortSignal): Promise<Buffer> {
    checkObjectName(name);
    throwIfAborted(signal);
    const content = this.#objects.get(name);
    if (content === undefined) throw new HoldfastError('not_found', `No object ${name} in ${this.location}.`);
    const { start, end } = resolveRange(range, content.length);
    return Buffer.from(content.subarray(start, end));
  }

  async put(name: string, body: Uint8Array | SpooledFile, signal?: AbortSignal): Promise<void> {
    checkObjectName(name);
    throwIfAborted(signal);
    if (body instanceof Uint8Array) {
      this.#objects.set(name, Buffer.from(body));
      return;
    }
    this.#objects.set(name, await takeSpooled(name, body));
  }

  async delete(name: string, signal?: AbortSignal): Promise<void> {
    checkObjectName(name);
    throwIfAborted(signal);
    this.#objects.delete(name);
  }

  async stat(name: string, signal?: AbortSignal): Promise<{ size: number } | undefined> {
    checkObjectName(name);
    throwIfAborted(signal);
    const content = this.#objects.get(name);
    return content && { size: content.length };
  }

  async freeBytes(): Promise<undefined> {
    return undefined;
  }

  spoolFolder(): Promise<string> {
    this.#spool ??= mkdtemp(join(tmpdir(), 'holdfast-'));
    return this.#spool;
  }

  localPath(): undefined {
    return undefined;
  }

  async close(): Promise<void> {
    const spool = await this.#spool;
    this.#spool = undefined;
    if (spool !== undefined) await rm(spool, { recursive: true, force: true });
  }
}

/** The content of a spooled file, which is gone afterwards. */
async function takeSpooled(name: string, body: SpooledFile): Promise<Buffer> {
  try {
    const content = await readFile(body.path);
    await unlink(body.path);
    if (content.length === body.size) return content;
    throw new HoldfastError('store_failed', `The file for ${name} has ${content.length} bytes, not ${body.size}.`);
  } catch (error) {
    throw toStoreError(error, `store ${name}`);
  }
}
