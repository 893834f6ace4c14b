import type { ByteString } from '../../../shared/bytes.ts';
import { printableName } from '../../../shared/printable.ts';
import type { ChunkRef } from '../../entry.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import type { EntryStore } from './entry-store.ts';

/** Of folders that an archive leaves out. */
const PARENT_MODE = 0o755;

/**
 * Makes a tree of an archive's members: the last of several with one path counts, hard links take over content and attributes of what they lead to,
 * and missing parents are added with the owner and time of the first entry in them. What lies below something that is no folder is left out, which
 * `leaveOut` hears.
 */
export function* treeOf(
  store: EntryStore,
  rootTimeNs: bigint,
  chunkOf: (digest: Buffer, length: number) => ChunkRef,
  leaveOut: (message: string) => void,
): Generator<StoredEntry> {
  const { order, source } = store.sorted();
  const groups = new Groups(store, source);
  const above = new Ancestors();
  for (const [at, record] of order.entries()) {
    const path = store.path(record);
    const next = order[at + 1];
    if (next !== undefined && path === store.path(next)) continue;
    const entry = finalEntry(store, record, path, source(record), leaveOut);
    if (entry === undefined) continue;
    const blocker = above.climbTo(path);
    if (blocker !== undefined) {
      leaveOut(`${printableName(path)} lies below ${printableName(blocker)}, which is no folder; it was left out.`);
      continue;
    }
    yield* above.missing(path, (folder) => addedFolder(folder, entry));
    above.enter(entry);
    const isOneChunk = entry.type === 'file' && entry.chunks === undefined && entry.digest !== undefined;
    if (isOneChunk) entry.chunks = [chunkOf(entry.digest as Buffer, entry.size)];
    yield groups.joined(entry, source(record) as number);
  }
  if (above.isEmpty) {
    yield addedFolder('' as ByteString, { uid: 0, gid: 0, user: undefined, group: undefined, mtimeNs: rootTimeNs });
  }
}

function finalEntry(
  store: EntryStore,
  record: number,
  path: ByteString,
  source: number | undefined,
  leaveOut: (message: string) => void,
): StoredEntry | undefined {
  if (source === record) return store.entry(record);
  const entry = source === undefined ? undefined : store.entry(source);
  if (entry !== undefined && entry.type !== 'directory') return { ...entry, path };
  const why = entry === undefined ? 'nothing that comes before it in the archive' : 'a folder';
  leaveOut(`${printableName(path)} is a hard link to ${why}; it was left out.`);
  return undefined;
}

function addedFolder(
  path: ByteString,
  { uid, gid, user, group, mtimeNs }: Pick<StoredEntry, 'uid' | 'gid' | 'user' | 'group' | 'mtimeNs'>,
): StoredEntry {
  return { path, type: 'directory', mode: PARENT_MODE, uid, gid, user, group, mtimeNs, size: 0 };
}

/** Hard-link groups: the first member in the tree's order is a plain entry, later ones name it. */
class Groups {
  readonly #linked = new Set<number>();
  readonly #first = new Map<number, ByteString>();

  constructor(store: EntryStore, source: (record: number) => number | undefined) {
    for (const link of store.links) {
      const found = source(link);
      if (found !== undefined) this.#linked.add(found);
    }
  }

  joined(entry: StoredEntry, source: number): StoredEntry {
    if (!this.#linked.has(source)) return entry;
    const first = this.#first.get(source);
    if (first !== undefined) return { ...entry, hardlink: first };
    this.#first.set(source, entry.path);
    return entry;
  }
}

/** The entries on the way from the root to the one at hand. */
class Ancestors {
  readonly #path: { path: ByteString; isFolder: boolean }[] = [];

  get isEmpty(): boolean {
    return this.#path.length === 0;
  }

  /** Goes up until what is left lies above `path`. Gives the nearest of it where that is no folder. */
  climbTo(path: ByteString): ByteString | undefined {
    while (this.#path.length > 0 && !isAbove((this.#path.at(-1) as { path: ByteString }).path, path)) this.#path.pop();
    const nearest = this.#path.at(-1);
    return nearest === undefined || nearest.isFolder ? undefined : nearest.path;
  }

  /** Makes the folders that lie between and have no entry. */
  *missing(path: ByteString, make: (folder: ByteString) => StoredEntry): Generator<StoredEntry> {
    if (path === '') return;
    if (this.#path.length === 0) yield* this.#add(make('' as ByteString));
    const from = (this.#path.at(-1) as { path: ByteString }).path;
    let slash = path.indexOf('/', from === '' ? 0 : from.length + 1);
    for (; slash >= 0; slash = path.indexOf('/', slash + 1)) yield* this.#add(make(path.slice(0, slash) as ByteString));
  }

  enter({ path, type }: StoredEntry): void {
    this.#path.push({ path, isFolder: type === 'directory' });
  }

  *#add(folder: StoredEntry): Generator<StoredEntry> {
    this.enter(folder);
    yield folder;
  }
}

function isAbove(folder: string, path: string): boolean {
  return folder === '' ? path !== '' : path.startsWith(`${folder}/`);
}
