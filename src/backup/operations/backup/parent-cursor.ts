import type { ByteString } from '../../../shared/bytes.ts';
import { comparePaths } from '../../entry.ts';
import type { DecodedPart, Fence, SideRecord, SideTable } from '../../format/manifest.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import { isDamage } from '../../repository/damage.ts';
import type { ManifestReader } from '../../repository/manifest-reader.ts';

export interface ParentEntry {
  entry: StoredEntry;
  side: SideRecord | undefined;
}

/** A part of the parent's manifest: one manifest chunk with its side chunk. */
export interface ParentPart {
  fence: Fence;
  decoded: DecodedPart;
  sides: SideTable;
}

/** The parent's manifest has to be read further before the question can be answered: call `load`. */
export const NEEDS_LOAD = Symbol('needs load');

/** Walks the parent's manifest alongside a walk of the file system: both are in manifest order, so a merge finds what is the same. */
export class ParentCursor {
  readonly #reader: ManifestReader;
  readonly #fences: readonly Fence[];
  #nextFence = 0;
  #entries: readonly StoredEntry[] = [];
  #sides: SideTable | undefined;
  #at = 0;
  /** What was read last, where it can be taken over. */
  #part: ParentPart | undefined;

  constructor(reader: ManifestReader, fences: readonly Fence[]) {
    this.#reader = reader;
    this.#fences = fences;
  }

  /** The parent's entry at `path`; paths must be asked for in ascending order. */
  find(path: ByteString): ParentEntry | undefined | typeof NEEDS_LOAD {
    for (;;) {
      const entry = this.#entries[this.#at];
      if (entry === undefined) return this.#mayFollow(path) ? NEEDS_LOAD : undefined;
      const order = comparePaths(entry.path, path);
      if (order > 0) return undefined;
      if (order === 0) return { entry, side: this.#sides?.at(this.#at) };
      this.#at++;
    }
  }

  /**
   * Reads the next part of the manifest that can hold `path` or something after it. `onDamage` is told where it cannot be read; what it holds then
   * counts as unknown, and the parts after it are not affected.
   */
  async load(path: ByteString, onDamage: () => void): Promise<void> {
    while (this.#endsBefore(this.#nextFence, path)) this.#nextFence++;
    const fence = this.#fences[this.#nextFence++] as Fence;
    this.#at = 0;
    this.#entries = [];
    this.#part = undefined;
    this.#sides = await this.#reader.side(fence);
    if (this.#sides === undefined && fence.side !== undefined) onDamage();
    try {
      const decoded = await this.#reader.decodedPart(fence);
      this.#entries = decoded.entries;
      if (this.#sides !== undefined) this.#part = { fence, decoded, sides: this.#sides };
    } catch (error) {
      if (!isDamage(error)) throw error;
      onDamage();
    }
  }

  /** Where in the part at hand `path` stands, which `find` has just been asked for; undefined where it is not there, or nothing can be taken over. */
  placeOf(path: ByteString): { part: ParentPart; at: number } | undefined {
    const part = this.#part;
    return part?.decoded.entries[this.#at]?.path === path ? { part, at: this.#at } : undefined;
  }

  /** Goes on with the entry of this number in the part at hand. */
  skipTo(at: number): void {
    this.#at = at;
  }

  #mayFollow(path: ByteString): boolean {
    const fence = this.#fences[this.#nextFence];
    return fence !== undefined && comparePaths(fence.firstPath, path) <= 0;
  }

  #endsBefore(number: number, path: ByteString): boolean {
    const next = this.#fences[number + 1];
    return next !== undefined && comparePaths(next.firstPath, path) <= 0;
  }
}
