import type { ByteString } from '../../../shared/bytes.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';

/**
 * Hard-link groups of what is exported: the first member that comes along is written as a file, even where the snapshot has it as a link to one that
 * was not chosen, and later ones link to that.
 */
export class LinkGroups {
  /** By the group's name, the path of its first member in the snapshot: what it is written as. */
  readonly #groups = new Map<ByteString, ByteString | undefined>();

  /** All groups are noted before the first member is written. */
  note({ hardlink }: StoredEntry): void {
    if (hardlink !== undefined) this.#groups.set(hardlink, undefined);
  }

  /** The entry as it is to be written. */
  place(entry: StoredEntry): StoredEntry {
    const group = entry.hardlink ?? entry.path;
    if (!this.#groups.has(group)) return entry;
    const first = this.#groups.get(group);
    if (first !== undefined) return { ...entry, hardlink: first };
    this.#groups.set(group, entry.path);
    return { ...entry, hardlink: undefined };
  }
}
