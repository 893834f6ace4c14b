import type { ByteString } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { type ChunkRef, comparePaths } from '../entry.ts';
import {
  DecodedPart,
  decodeChunkList,
  decodeFenceChunk,
  decodeManifestChunk,
  decodeSideChunk,
  type Fence,
  LIST_RECORD_BYTES,
  type OnRefused,
  type SideTable,
} from '../format/manifest.ts';
import { type StoredEntry, storedBytes } from '../format/manifest-entry.ts';
import { DATA, META } from '../format/pack-index.ts';
import type { ChunkReader } from './chunk-reader.ts';
import { isDamage, isUnusable } from './damage.ts';

/** Where a snapshot's manifest begins: `manifest` of its body. */
export type ManifestRefs = readonly { id: string; length: number }[];

export interface EntryOptions {
  /** The entry with this path and everything below it; the whole manifest where absent or ''. */
  below?: string | undefined;
  /** Of these paths and everything below them alone, and the folders above; parts that can hold none of it are not read. All where absent. */
  only?: readonly string[] | undefined;
  /**
   * Called for a part of the manifest that cannot be read, be it too new; reading goes on with the next. Without it, damage throws. Folders that
   * were listed in a lost part are then unknown, so entries may come whose parent did not. No fence: a list of parts is lost.
   */
  onDamage?: ((error: HoldfastError, fence?: Fence) => void) | undefined;
  /** Called for an entry that a reader refuses, which is then left out. Without it, such an entry throws. */
  onRefused?: OnRefused | undefined;
}

/** Reads the entries of one snapshot in manifest order, and checks the rules of docs/FORMAT.md section 8 as it goes. */
export class ManifestReader {
  readonly #chunks: ChunkReader;
  readonly #refs: ManifestRefs;
  #fences: Promise<Fence[]> | undefined;

  constructor(chunks: ChunkReader, refs: ManifestRefs) {
    this.#chunks = chunks;
    this.#refs = refs;
  }

  /** All fences in order. Throws `damaged`. */
  fences(): Promise<Fence[]> {
    this.#fences ??= this.#readFences();
    return this.#fences;
  }

  async #readFences(): Promise<Fence[]> {
    const fences: Fence[] = [];
    for (const ref of this.#refs) {
      fences.push(...decodeFenceChunk(await this.#chunks.read(META, Buffer.from(ref.id, 'hex'))));
    }
    return fences;
  }

  /** The entries of one manifest chunk. Throws `damaged` also where they do not fit the fence. `onRefused` as in EntryOptions. */
  async part(fence: Fence, onRefused?: OnRefused): Promise<StoredEntry[]> {
    const refused: [ByteString, HoldfastError][] = [];
    const leaveOut: OnRefused | undefined = onRefused && ((path, error) => refused.push([path, error]));
    const entries = decodeManifestChunk(await this.#chunks.read(META, fence.manifest.id), leaveOut);
    const begins = [entries[0]?.path, refused[0]?.[0]].includes(fence.firstPath);
    if (entries.length + refused.length !== fence.count || !begins) throw notFitting();
    for (const [path, error] of refused) onRefused?.(path, error);
    for (const entry of entries) this.#nameOnlyChunk(entry);
    return entries;
  }

  /** As `part`, with the bytes of each entry. */
  async decodedPart(fence: Fence): Promise<DecodedPart> {
    const part = new DecodedPart(await this.#chunks.read(META, fence.manifest.id));
    if (part.entries.length !== fence.count || part.entries[0]?.path !== fence.firstPath) throw notFitting();
    for (const entry of part.entries) this.#nameOnlyChunk(entry);
    return part;
  }

  /** What the next backup needs, one record for each entry of the part; undefined where there is none or it cannot be read. */
  async side(fence: Fence): Promise<SideTable | undefined> {
    if (fence.side === undefined) return undefined;
    try {
      const records = decodeSideChunk(await this.#chunks.read(META, fence.side.id));
      return records.length === fence.count ? records : undefined;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return undefined;
    }
  }

  /** Entries in order. `chunks` is filled for files of one chunk; see `chunkList` for indirect lists. */
  async *entries(options: EntryOptions = {}): AsyncGenerator<StoredEntry> {
    for await (const entries of this.parts(options)) yield* entries;
  }

  /** As `entries`, those of one manifest chunk at a time: waiting for each of them costs more than reading it. */
  async *parts(options: EntryOptions = {}): AsyncGenerator<readonly StoredEntry[]> {
    const { below = '', only } = options;
    const order = new OrderCheck(below);
    const groups = new LinkGroups();
    const onRefused = leavingOut(options, groups);
    const fences = await this.#fencesOr(options);
    for (let number = firstPart(fences, below); number < fences.length; number++) {
      const fence = fences[number] as Fence;
      if (isPast(fence.firstPath, below)) return;
      if (only !== undefined && !mayHold(fence.firstPath, fences[number + 1]?.firstPath, only)) continue;
      const entries = await this.#partOr(fence, options, onRefused);
      if (entries === undefined) {
        order.gap();
        groups.gap(fences[number + 1]?.firstPath);
        continue;
      }
      yield entries.flatMap((entry) => {
        if (!isWithin(entry.path, below) || !isWanted(entry.path, only)) return [];
        const problem = order.problemOf(entry);
        if (problem === undefined) return groups.member(entry);
        onRefused(entry.path, problem);
        return [];
      });
    }
  }

  async #fencesOr({ onDamage }: EntryOptions): Promise<Fence[]> {
    if (onDamage === undefined) return this.fences();
    const fences: Fence[] = [];
    for (const ref of this.#refs) {
      const part = await tolerate(onDamage, async () =>
        decodeFenceChunk(await this.#chunks.read(META, Buffer.from(ref.id, 'hex'))),
      );
      fences.push(...(part ?? []));
    }
    return fences;
  }

  #partOr(fence: Fence, { onDamage }: EntryOptions, onRefused: OnRefused): Promise<StoredEntry[] | undefined> {
    const read = () => this.part(fence, onRefused);
    return onDamage === undefined ? read() : tolerate((error) => onDamage(error, fence), read);
  }

  /** The entry at a path, or undefined. */
  async find(path: string): Promise<StoredEntry | undefined> {
    for await (const entry of this.entries({ below: path })) return entry.path === path ? entry : undefined;
    return undefined;
  }

  /** The entries directly in the folder at `path` ('' is the root), skipping what lies deeper without reading it. */
  async *folder(path: string): AsyncGenerator<StoredEntry> {
    const fences = await this.fences();
    const prefix = path === '' ? '' : `${path}/`;
    let number = firstPart(fences, path);
    while (number < fences.length) {
      const entries = await this.part(fences[number] as Fence);
      let last: string | undefined;
      for (const entry of entries) {
        if (isPast(entry.path, path)) return;
        if (entry.path === path || !isWithin(entry.path, path)) continue;
        const end = entry.path.indexOf('/', prefix.length);
        last = end < 0 ? entry.path : entry.path.slice(0, end);
        if (end < 0) yield entry;
      }
      number = last === undefined ? number + 1 : Math.max(number + 1, partAfter(fences, last));
    }
  }

  /** All of `chunkRuns` together: for files that are there, whose lists are as long as they say. Throws `damaged`. */
  async chunkList(entry: StoredEntry): Promise<readonly ChunkRef[]> {
    return (await Array.fromAsync(this.chunkRuns(entry))).flat();
  }

  /**
   * The chunks of a file's stored data in order, some at a time, also where their list is kept in chunks of its own: a hostile list may be longer than
   * memory. Throws `damaged`, at the end where they do not add up.
   */
  async *chunkRuns(entry: StoredEntry): AsyncGenerator<readonly ChunkRef[]> {
    const chunks = entry.chunks ?? [];
    if (entry.indirect !== true) {
      yield chunks;
      return;
    }
    let left = storedBytes(entry);
    let rest: Buffer = Buffer.alloc(0);
    for (const { id } of chunks) {
      const bytes = Buffer.concat([rest, await this.#chunks.read(META, id)]);
      const whole = bytes.length - (bytes.length % LIST_RECORD_BYTES);
      const run = decodeChunkList(bytes.subarray(0, whole));
      rest = bytes.subarray(whole);
      left = run.reduce((sum, chunk) => sum - chunk.length, left);
      if (left < 0) break;
      yield run;
    }
    if (left !== 0 || rest.length > 0) {
      throw new HoldfastError('damaged', "A file's chunks do not add up to its size.");
    }
  }

  #nameOnlyChunk(entry: StoredEntry): void {
    if (entry.type !== 'file' || entry.size === 0 || entry.chunks !== undefined || entry.digest === undefined) return;
    entry.chunks = [{ id: this.#chunks.repository.hasher.id(DATA, entry.digest), length: entry.size }];
  }
}

const notFitting = () => new HoldfastError('damaged', 'A manifest chunk does not fit its fence.');

/** Also what a newer program wrote: who wants what can be had wants the rest. */
async function tolerate<T>(onDamage: (error: HoldfastError) => void, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isUnusable(error)) throw error;
    onDamage(error);
    return undefined;
  }
}

function isWithin(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}

/** True for paths that come after everything in the folder. */
function isPast(path: string, folder: string): boolean {
  return !isWithin(path, folder) && comparePaths(path, folder) > 0;
}

function isWanted(path: string, only: readonly string[] | undefined): boolean {
  return only === undefined || only.some((wanted) => isWithin(path, wanted) || isWithin(wanted, path));
}

/** Whether a part that begins at `first`, before the next one at `next`, can hold something that is wanted. */
function mayHold(first: string, next: string | undefined, only: readonly string[]): boolean {
  const isBefore = (path: string): boolean => next === undefined || comparePaths(path, next) < 0;
  const isHere = (path: string): boolean => comparePaths(first, path) <= 0 && isBefore(path);
  return only.some((wanted) => {
    if (isBefore(wanted) && !isPast(first, wanted)) return true;
    for (let above = wanted; above !== ''; above = above.slice(0, Math.max(0, above.lastIndexOf('/')))) {
      if (isHere(above)) return true;
    }
    return isHere('');
  });
}

/** Number of the part that holds `path`, if any does: the last one that does not begin after it. */
function firstPart(fences: readonly Fence[], path: string): number {
  let low = 0;
  let high = fences.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (comparePaths((fences[middle] as Fence).firstPath, path) <= 0) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Number of the first part that may hold something after everything within `folder`. */
function partAfter(fences: readonly Fence[], folder: string): number {
  let low = 0;
  let high = fences.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isPast((fences[middle] as Fence).firstPath, folder)) high = middle;
    else low = middle + 1;
  }
  return Math.max(0, low - 1);
}

/** Throws what nobody wants to hear of. */
function leavingOut({ onRefused }: EntryOptions, groups: LinkGroups): OnRefused {
  return (path, error) => {
    if (onRefused === undefined) throw error;
    groups.refused(path);
    onRefused(path, error);
  };
}

/** Hard-link groups whose first entry cannot be had: the next one becomes the first. Each member carries the whole content. */
class LinkGroups {
  #last = '' as ByteString;
  /** Stretches of lost entries: all paths after the first and before the second. */
  readonly #gaps: [after: ByteString, before: ByteString | undefined][] = [];
  readonly #refused = new Set<ByteString>();
  readonly #firsts = new Map<ByteString, ByteString>();

  gap(before: ByteString | undefined): void {
    this.#gaps.push([this.#last, before]);
  }

  refused(path: ByteString): void {
    this.#refused.add(path);
  }

  /** The entry as a member of its group. */
  member(entry: StoredEntry): StoredEntry {
    this.#last = entry.path;
    const { hardlink, path } = entry;
    if (hardlink === undefined || !this.#isGone(hardlink)) return entry;
    const first = this.#firsts.get(hardlink);
    if (first === undefined) this.#firsts.set(hardlink, path);
    return { ...entry, hardlink: first };
  }

  #isGone(path: ByteString): boolean {
    const isWithin = ([after, before]: [ByteString, ByteString | undefined]): boolean =>
      comparePaths(after, path) < 0 && (before === undefined || comparePaths(path, before) < 0);
    return this.#refused.has(path) || this.#gaps.some(isWithin);
  }
}

/** Ascending paths, and a folder before everything in it. */
class OrderCheck {
  #last: string | undefined;
  readonly #folders: string[];
  #lost = false;
  /** The last entry that can have nothing below it: what follows directly would be its content. */
  #leaf: string | undefined;

  /** Where reading begins in the middle, the folders above are taken for granted. */
  constructor(below: string) {
    const components = below === '' ? [] : below.split('/');
    this.#folders = ['', ...components.slice(0, -1).map((_, depth) => components.slice(0, depth + 1).join('/'))];
  }

  /** Something is missing here, folders perhaps. */
  gap(): void {
    this.#lost = true;
  }

  /** Why an entry may not come now; undefined where it may. */
  problemOf(entry: StoredEntry): HoldfastError | undefined {
    const { path } = entry;
    if (this.#last !== undefined && comparePaths(this.#last, path) >= 0) {
      return new HoldfastError('damaged', 'The manifest is not in order.');
    }
    if (path === '' && entry.type !== 'directory') {
      return new HoldfastError('damaged', 'The manifest has a root that is no folder.');
    }
    const depth = path === '' ? 0 : this.#depthOf(path);
    if (depth === undefined) {
      return new HoldfastError('damaged', 'The manifest has an entry whose folder is not listed before it.');
    }
    this.#last = path;
    this.#folders.length = depth;
    if (entry.type === 'directory') this.#folders.push(path);
    else this.#leaf = path;
    return undefined;
  }

  /** How many of the folders listed last lie above a path; undefined where its own is not among them. */
  #depthOf(path: string): number | undefined {
    const slash = path.lastIndexOf('/');
    const parent = slash < 0 ? '' : path.slice(0, slash);
    if (this.#leaf !== undefined && isWithin(parent, this.#leaf)) return undefined;
    let depth = this.#folders.length;
    while (depth > 0 && !isWithin(parent, this.#folders[depth - 1] as string)) depth--;
    return this.#lost || this.#folders[depth - 1] === parent ? depth : undefined;
  }
}
