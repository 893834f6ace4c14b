import type { SideRecord } from '../../format/manifest.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';

/** An entry on its way into the manifest. `state` turns from waiting to ready once its content is stored, or to dropped. */
export interface QueuedEntry {
  entry: StoredEntry;
  side: SideRecord;
  state: 'waiting' | 'ready' | 'dropped';
  /** The first member of its hard-link group, whose content it takes over. */
  linkedTo?: QueuedEntry | undefined;
  /** How the report counts it, to be taken back where it is dropped. */
  counted?: 'new' | 'changed' | undefined;
}

/** Keeps the manifest's order while contents are stored out of order. */
export class EntryQueue {
  readonly #write: (entry: StoredEntry, side: SideRecord) => void;
  #items: QueuedEntry[] = [];
  #head = 0;

  constructor(write: (entry: StoredEntry, side: SideRecord) => void) {
    this.#write = write;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: QueuedEntry): void {
    this.#items.push(item);
    if (item.state !== 'waiting') this.drain();
  }

  /** Writes what is ready at the front. */
  drain(): void {
    for (
      let item = this.#items[this.#head];
      item !== undefined && item.state !== 'waiting';
      item = this.#items[this.#head]
    ) {
      this.#head++;
      if (item.state === 'ready') this.#writeItem(item);
    }
    if (this.#head > 4096) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }

  #writeItem({ entry, side, linkedTo }: QueuedEntry): void {
    // The first member stands before this one, so its content is known by now; where it was dropped, so is the link.
    if (linkedTo !== undefined) {
      if (linkedTo.state === 'dropped') return;
      const { size, digest, chunks, indirect, holes, xattrs, viaBackupApi, mtimeNs } = linkedTo.entry;
      Object.assign(entry, {
        size,
        digest,
        chunks,
        indirect,
        holes,
        xattrs,
        viaBackupApi,
        mtimeNs,
        hardlink: linkedTo.entry.path,
      });
    }
    this.#write(entry, side);
  }
}
