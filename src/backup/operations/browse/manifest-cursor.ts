import type { Fence } from '../../format/manifest.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import type { ManifestReader } from '../../repository/manifest-reader.ts';

/** Walks a manifest entry by entry, reading a part only when an entry of it is taken. */
export class ManifestCursor {
  readonly #manifest: ManifestReader;
  readonly #fences: readonly Fence[];
  #part = 0;
  #entries: StoredEntry[] | undefined;
  #position = 0;

  private constructor(manifest: ManifestReader, fences: readonly Fence[]) {
    this.#manifest = manifest;
    this.#fences = fences;
  }

  static async open(manifest: ManifestReader): Promise<ManifestCursor> {
    return new ManifestCursor(manifest, await manifest.fences());
  }

  /** Path of the next entry; undefined at the end. */
  get path(): string | undefined {
    return this.#entries?.[this.#position]?.path ?? this.#fences[this.#part]?.firstPath;
  }

  async take(): Promise<StoredEntry> {
    this.#entries ??= await this.#manifest.part(this.#fences[this.#part] as Fence);
    const entry = this.#entries[this.#position++] as StoredEntry;
    if (this.#position === this.#entries.length) this.#nextPart();
    return entry;
  }

  /** Passes over the next part of both where both stand before the same one. */
  skipWith(other: ManifestCursor): boolean {
    const own = this.#unread;
    const others = other.#unread;
    if (own === undefined || others === undefined || !own.manifest.id.equals(others.manifest.id)) return false;
    this.#nextPart();
    other.#nextPart();
    return true;
  }

  /** The part that comes next, where nothing of it has been taken. */
  get #unread(): Fence | undefined {
    return this.#entries === undefined ? this.#fences[this.#part] : undefined;
  }

  #nextPart(): void {
    this.#part++;
    this.#entries = undefined;
    this.#position = 0;
  }
}
