import type { ByteRange, ObjectInfo, SpooledFile, Store } from '../ports.ts';

/** A store that passes every call on to `inner`: what wrappers that change a few of the calls extend. */
export class StoreWrapper implements Store {
  protected readonly inner: Store;

  constructor(inner: Store) {
    this.inner = inner;
  }

  get location(): string {
    return this.inner.location;
  }

  list(prefix: string, signal?: AbortSignal): Promise<ObjectInfo[]> {
    return this.inner.list(prefix, signal);
  }

  get(name: string, range?: ByteRange, signal?: AbortSignal): Promise<Buffer> {
    return this.inner.get(name, range, signal);
  }

  put(name: string, body: Uint8Array | SpooledFile, signal?: AbortSignal): Promise<void> {
    return this.inner.put(name, body, signal);
  }

  delete(name: string, signal?: AbortSignal): Promise<void> {
    return this.inner.delete(name, signal);
  }

  stat(name: string, signal?: AbortSignal): Promise<{ size: number } | undefined> {
    return this.inner.stat(name, signal);
  }

  freeBytes(): Promise<number | undefined> {
    return this.inner.freeBytes();
  }

  spoolFolder(): Promise<string> {
    return this.inner.spoolFolder();
  }

  localPath(name: string): string | undefined {
    return this.inner.localPath(name);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
