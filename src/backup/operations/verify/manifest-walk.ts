import { toHex } from '../../../shared/bytes.ts';
import type { HoldfastError } from '../../../shared/errors.ts';
import type { ChunkRef } from '../../entry.ts';
import { decodeFenceChunk, type Fence } from '../../format/manifest.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import { META } from '../../format/pack-index.ts';
import type { ChunkReader } from '../../repository/chunk-reader.ts';
import { isDamage } from '../../repository/damage.ts';
import { ManifestReader, type ManifestRefs } from '../../repository/manifest-reader.ts';

/** What somebody wants to know of a manifest. */
export interface ManifestVisitor {
  /** A fence, manifest, side or list chunk. */
  meta(id: Buffer): void;
  /** A chunk of a file's content: true where it is lost. */
  data(chunk: ChunkRef): boolean;
  /** A file with content, after its chunks, and those of them that are lost, each once. */
  file(entry: StoredEntry, lost: readonly ChunkRef[]): void;
  /** Part of the list of entries cannot be read: all of it where there is no fence, else this one. */
  lostPart(fence: Fence | undefined, id: Buffer, error: HoldfastError): void;
  /** A file whose list of chunks cannot be read. */
  lostList(entry: StoredEntry, error: HoldfastError): void;
  /** Called before and after a part; `enter` gives false for one that need not be read. */
  enter(key: string, fence: Fence): boolean;
  leave(key: string): void;
}

/** Walks over a snapshot's manifest, past whatever cannot be read. */
export async function walkManifest(
  chunks: ChunkReader,
  refs: ManifestRefs,
  visitor: ManifestVisitor,
  signal?: AbortSignal,
): Promise<void> {
  const manifest = new ManifestReader(chunks, refs);
  for (const ref of refs) {
    const id = Buffer.from(ref.id, 'hex');
    visitor.meta(id);
    const fences = await attempt(
      async () => decodeFenceChunk(await chunks.read(META, id)),
      (error) => visitor.lostPart(undefined, id, error),
    );
    for (const fence of fences ?? []) {
      signal?.throwIfAborted();
      await walkPart(manifest, fence, visitor);
    }
  }
}

async function walkPart(manifest: ManifestReader, fence: Fence, visitor: ManifestVisitor): Promise<void> {
  visitor.meta(fence.manifest.id);
  if (fence.side !== undefined) visitor.meta(fence.side.id);
  const key = toHex(fence.manifest.id);
  if (!visitor.enter(key, fence)) return;
  const entries = await attempt(
    () => manifest.part(fence),
    (error) => visitor.lostPart(fence, fence.manifest.id, error),
  );
  for (const entry of entries ?? []) {
    if (entry.chunks === undefined || entry.chunks.length === 0) continue;
    if (entry.indirect === true) await walkList(manifest, entry, visitor);
    else visitor.file(entry, distinct(entry.chunks.filter((chunk) => visitor.data(chunk))));
  }
  visitor.leave(key);
}

async function walkList(manifest: ManifestReader, entry: StoredEntry, visitor: ManifestVisitor): Promise<void> {
  for (const { id } of entry.chunks ?? []) visitor.meta(id);
  const lost = await attempt(
    () => lostChunks(manifest, entry, visitor),
    (error) => visitor.lostList(entry, error),
  );
  if (lost !== undefined) visitor.file(entry, lost);
}

async function lostChunks(manifest: ManifestReader, entry: StoredEntry, visitor: ManifestVisitor): Promise<ChunkRef[]> {
  let lost: ChunkRef[] = [];
  for await (const run of manifest.chunkRuns(entry)) {
    const more = run.filter((chunk) => visitor.data(chunk));
    if (more.length > 0) lost = distinct([...lost, ...more]);
  }
  return lost;
}

function distinct(chunks: ChunkRef[]): ChunkRef[] {
  return chunks.length < 2 ? chunks : [...new Map(chunks.map((chunk) => [toHex(chunk.id), chunk])).values()];
}

async function attempt<T>(work: () => Promise<T>, onDamage: (error: HoldfastError) => void): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isDamage(error)) throw error;
    onDamage(error);
    return undefined;
  }
}
