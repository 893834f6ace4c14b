import type { SideRecord } from '../../format/manifest.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import type { ParentPart } from './parent-cursor.ts';

/** An entry on its way into the manifest. `state` turns from waiting to ready once its content is stored, or to dropped. */
export interface QueuedEntry {
  entry: StoredEntry;
  side: SideRecord;
  state: 'waiting' | 'ready' | 'dropped';
  /** The first member of its hard-link group, whose content it takes over. */
  linkedTo?: QueuedEntry | undefined;
  /** Where this first member of a group was dropped: the member that stands in for it. */
  heir?: QueuedEntry | undefined;
  /** Files: how the report counts it once it is written. */
  counted: 'new' | 'changed' | 'unmodified';
}

/** Entries of one part of the parent's manifest that follow one another and did not change: from the first number up to the second. */
export interface QueuedRun {
  part: ParentPart;
  from: number;
  to: number;
  state: 'ready';
  linkedTo?: undefined;
}

/** Keeps the manifest's order while contents are stored out of order. */
export class EntryQueue {
  readonly #write: (item: QueuedEntry | QueuedRun) => void;
  readonly #onOrphan: (item: QueuedEntry) => void;
  /** What was written is no longer there: a run may hold a hundred entries. */
  #items: (QueuedEntry | QueuedRun | undefined)[] = [];
  #head = 0;

  /** `onOrphan` is told of a member whose first was dropped: its content has to be stored after all, and everything waits for that. */
  constructor(write: (item: QueuedEntry | QueuedRun) => void, onOrphan: (item: QueuedEntry) => void) {
    this.#write = write;
    this.#onOrphan = onOrphan;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: QueuedEntry | QueuedRun): void {
    this.#items.push(item);
    if (item.state !== 'waiting') this.drain();
  }

  /** Writes what is ready at the front. */
  drain(): void {
    for (let item = this.#items[this.#head]; item !== undefined; item = this.#items[this.#head]) {
      if (item.state === 'ready') this.#join(item);
      if (item.state === 'waiting') break;
      this.#items[this.#head++] = undefined;
      if (item.state === 'ready') this.#write(item);
    }
    if (this.#head > 4096) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The first member stands before this one, so its content is known by now, unless it went: then this one becomes the first. */
  #join(item: QueuedEntry | QueuedRun): void {
    if (item.linkedTo === undefined) return;
    let first = item.linkedTo;
    while (first.state === 'dropped' && first.heir !== undefined) first = first.heir;
    if (first.state === 'dropped') {
      first.heir = item;
      item.linkedTo = undefined;
      item.state = 'waiting';
      this.#onOrphan(item);
      return;
    }
    const { path, size, digest, chunks, indirect, holes, xattrs, viaBackupApi, mtimeNs } = first.entry;
    Object.assign(item.entry, { size, digest, chunks, indirect, holes, xattrs, viaBackupApi, mtimeNs, hardlink: path });
  }
}
