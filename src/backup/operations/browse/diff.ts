import { printableName } from '../../../shared/printable.ts';
import { type ChunkRef, comparePaths, type Entry, type Xattr } from '../../entry.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import type { OperationContext } from '../../ports.ts';
import { ChunkReader } from '../../repository/chunk-reader.ts';
import type { Repository } from '../../repository/repository.ts';
import type { ChangeCount, DiffResult } from '../../types.ts';
import { ManifestCursor } from './manifest-cursor.ts';
import { openManifest } from './open-manifest.ts';

/** Changes that a result holds; the counts are always complete. */
const MOST_ITEMS = 10_000;
const PROGRESS_EVERY = 4096;

type Change = DiffResult['items'][number]['change'];

/**
 * What changed from one snapshot to another. Parts that both manifests share are passed over without being read, where both sides reach
 * them together. `modified` counts changed content and changed types; owners, modes and times alone are items only.
 *
 * @throws HoldfastError `not_found`, `usage`, and `damaged` where a manifest cannot be read
 */
export async function diffSnapshots(
  repository: Repository,
  a: string,
  b: string,
  context: OperationContext = {},
): Promise<DiffResult> {
  const chunks = new ChunkReader(repository);
  const from = await openManifest(repository, a, chunks);
  const to = await openManifest(repository, b, chunks);
  const collector = new DiffCollector(from.record.id, to.record.id);
  const left = await ManifestCursor.open(from.manifest);
  const right = await ManifestCursor.open(to.manifest);
  let seen = 0;
  for (;;) {
    if (seen++ % PROGRESS_EVERY === 0) {
      context.signal?.throwIfAborted();
      context.onProgress?.({ phase: 'diff', files: seen - 1 });
    }
    while (left.skipWith(right));
    const order = compareHeads(left.path, right.path);
    if (order === undefined) return collector.result;
    const before = order <= 0 ? await left.take() : undefined;
    const after = order >= 0 ? await right.take() : undefined;
    collector.add(before, after);
  }
}

function compareHeads(a: string | undefined, b: string | undefined): number | undefined {
  if (a === undefined) return b === undefined ? undefined : 1;
  return b === undefined ? -1 : comparePaths(a, b);
}

class DiffCollector {
  readonly result: DiffResult;

  constructor(from: string, to: string) {
    const nothing = (): ChangeCount => ({ files: 0, directories: 0, others: 0, bytes: 0 });
    this.result = { from, to, items: [], itemsTotal: 0, added: nothing(), removed: nothing(), modified: nothing() };
  }

  add(before: StoredEntry | undefined, after: StoredEntry | undefined): void {
    const { result } = this;
    if (before === undefined && after !== undefined) {
      this.#item('added', after, 0, after.size);
      count(result.added, after);
    } else if (before !== undefined && after === undefined) {
      this.#item('removed', before, before.size, 0);
      count(result.removed, before);
    } else if (before !== undefined && after !== undefined) {
      const change = changeOf(before, after);
      if (change === undefined) return;
      this.#item(change, after, before.size, after.size);
      if (change !== 'metadata') count(result.modified, after);
    }
  }

  #item(change: Change, { path, type }: Entry, sizeBefore: number, size: number): void {
    this.result.itemsTotal++;
    if (this.result.items.length === MOST_ITEMS) return;
    this.result.items.push({ change, path: printableName(path), type, size, sizeBefore });
  }
}

function count(counts: ChangeCount, { type, size }: Entry): void {
  counts[type === 'file' ? 'files' : type === 'directory' ? 'directories' : 'others']++;
  counts.bytes += size;
}

function changeOf(before: StoredEntry, after: StoredEntry): Change | undefined {
  if (before.type !== after.type) return 'type';
  if (!sameContent(before, after)) return 'modified';
  return sameMetadata(before, after) ? undefined : 'metadata';
}

function sameContent(a: StoredEntry, b: StoredEntry): boolean {
  if (a.size !== b.size || a.target !== b.target) return false;
  if (a.device?.major !== b.device?.major || a.device?.minor !== b.device?.minor) return false;
  if (a.digest !== undefined && b.digest !== undefined) return a.digest.equals(b.digest);
  return a.digest === b.digest && sameChunks(a.chunks ?? [], b.chunks ?? []);
}

function sameChunks(a: readonly ChunkRef[], b: readonly ChunkRef[]): boolean {
  return a.length === b.length && a.every(({ id }, i) => b[i]?.id.equals(id));
}

function sameMetadata(a: StoredEntry, b: StoredEntry): boolean {
  return (
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.user === b.user &&
    a.group === b.group &&
    a.mtimeNs === b.mtimeNs &&
    a.hardlink === b.hardlink &&
    sameXattrs(a.xattrs ?? [], b.xattrs ?? []) &&
    sameHoles(a, b)
  );
}

function sameXattrs(a: readonly Xattr[], b: readonly Xattr[]): boolean {
  return a.length === b.length && a.every(({ name, value }, i) => b[i]?.name === name && b[i]?.value.equals(value));
}

function sameHoles({ holes: a = [] }: Entry, { holes: b = [] }: Entry): boolean {
  return (
    a.length === b.length && a.every(({ offset, length }, i) => b[i]?.offset === offset && b[i]?.length === length)
  );
}
