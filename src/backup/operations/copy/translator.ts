import { hash } from 'node:crypto';
import { toHex } from '../../../shared/bytes.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import type { ChunkRef } from '../../entry.ts';
import {
  encodeFenceChunk,
  type Fence,
  ManifestBuilder,
  type ManifestPart,
  type SideRecord,
} from '../../format/manifest.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import { DATA } from '../../format/pack-index.ts';
import type { ChunkReader } from '../../repository/chunk-reader.ts';
import { isDamage } from '../../repository/damage.ts';
import { ManifestReader, type ManifestRefs } from '../../repository/manifest-reader.ts';
import { ChunkFeeder } from '../writing/chunk-feeder.ts';
import { ChunkListBuilder } from '../writing/chunk-list-builder.ts';
import type { WritingSession } from '../writing/writing-session.ts';
import { IdMap } from './id-map.ts';

const FENCES_PER_CHUNK = 1024;
const NO_SIDE: SideRecord = { inode: 0n, ctimeNs: 0n, sizeOnDisk: 0 };

/** What somebody watches while content is copied. */
export interface CopyProgress {
  /** Bytes read from the first repository. */
  read: number;
  tell(path: StoredEntry['path']): void;
}

/**
 * Carries manifests and contents over to another repository, where every chunk has another ID. Each chunk is read once; of small files not even that, where
 * the other repository has them, since the ID follows from the digest. Parts of manifests keep their boundaries, so that parts which snapshots share are
 * translated once and a later run finds them again.
 */
export class Translator {
  readonly #chunks: ChunkReader;
  readonly #target: WritingSession;
  readonly #feeder: ChunkFeeder;
  readonly #progress: CopyProgress;
  readonly #ids = new IdMap();
  /** Translated in this session, by the old part's ID. */
  readonly #parts = new Map<string, Fence>();
  /** Translated by an earlier run: to be looked at before they are counted on. */
  readonly #earlier = new Map<string, Fence>();

  constructor(chunks: ChunkReader, target: WritingSession, progress: CopyProgress) {
    this.#chunks = chunks;
    this.#target = target;
    this.#feeder = new ChunkFeeder(target);
    this.#progress = progress;
  }

  get bytesAdded(): number {
    return this.#feeder.bytesAdded;
  }

  /**
   * Carries a manifest over with everything that it lists; gives the new one's fence chunks.
   *
   * @throws HoldfastError `damaged`, naming the file, where a chunk cannot be read
   */
  async translate(refs: ManifestRefs, signal?: AbortSignal): Promise<{ id: string; length: number }[]> {
    const manifest = new ManifestReader(this.#chunks, refs);
    const fences: Fence[] = [];
    for (const fence of await manifest.fences()) {
      signal?.throwIfAborted();
      const key = toHex(fence.manifest.id);
      const known = this.#parts.get(key) ?? (await this.#reuse(key));
      const translated = known ?? (await this.#translatePart(manifest, fence, signal));
      this.#parts.set(key, translated);
      fences.push(translated);
    }
    await this.#feeder.settle();
    return this.#storeFences(fences);
  }

  /**
   * Learns from a snapshot that was copied before: `refs` here, `copied` there. `wanted` is what is to be translated next: parts of it that the earlier
   * one shares are taken over, and of the earlier one's other parts the chunks of large files.
   */
  async learn(refs: ManifestRefs, copied: ManifestRefs, wanted: ManifestRefs): Promise<void> {
    const here = new ManifestReader(this.#chunks, refs);
    const there = new ManifestReader(this.#target.reader, copied);
    try {
      const pairs = pairUp(await here.fences(), await there.fences());
      const next = await new ManifestReader(this.#chunks, wanted).fences();
      const shared = new Set(next.map(({ manifest }) => toHex(manifest.id)));
      for (const [old, translated] of pairs) {
        const key = toHex(old.manifest.id);
        if (shared.has(key)) this.#earlier.set(key, translated);
        else await this.#learnChunks(here, old, there, translated);
      }
    } catch (error) {
      // What cannot be learnt is read again.
      if (!isDamage(error)) throw error;
    }
  }

  async #learnChunks(here: ManifestReader, old: Fence, there: ManifestReader, translated: Fence): Promise<void> {
    const copies = new Map((await there.part(translated)).map((entry) => [entry.path, entry]));
    for (const entry of await here.part(old)) {
      const copy = copies.get(entry.path);
      if (isNamedByDigest(entry) || copy === undefined || (copy.chunks ?? []).length === 0) continue;
      const from = await here.chunkList(entry);
      const to = await there.chunkList(copy);
      if (from.length !== to.length) continue;
      from.forEach(({ id, length }, i) => {
        const other = to[i] as ChunkRef;
        if (other.length === length) this.#ids.set(id, other.id);
      });
    }
  }

  /** An earlier run's part, where everything that it needs is there and live. */
  async #reuse(key: string): Promise<Fence | undefined> {
    const fence = this.#earlier.get(key);
    if (fence === undefined) return undefined;
    const target = this.#target;
    if (!target.use(fence.manifest.id) || (fence.side !== undefined && !target.use(fence.side.id))) return undefined;
    const there = new ManifestReader(target.reader, []);
    try {
      for (const entry of await there.part(fence)) {
        const lists = entry.indirect === true ? (entry.chunks ?? []) : [];
        const all = [...lists, ...(await there.chunkList(entry))];
        if (!all.every(({ id }) => target.use(id))) return undefined;
      }
      return fence;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return undefined;
    }
  }

  async #translatePart(manifest: ManifestReader, fence: Fence, signal: AbortSignal | undefined): Promise<Fence> {
    const entries = await manifest.part(fence);
    const sides = await manifest.side(fence);
    const builder = new ManifestBuilder(this.#target.manifestKey);
    for (const [i, entry] of entries.entries()) {
      this.#progress.tell(entry.path);
      builder.append(await this.#translateEntry(manifest, entry, signal), sides?.at(i) ?? NO_SIDE);
    }
    const part = builder.finish() as ManifestPart;
    return {
      firstPath: part.firstPath,
      count: part.count,
      manifest: this.#target.storeMeta(part.manifest),
      side: sides === undefined ? undefined : this.#target.storeMeta(part.side),
    };
  }

  async #translateEntry(
    manifest: ManifestReader,
    entry: StoredEntry,
    signal: AbortSignal | undefined,
  ): Promise<StoredEntry> {
    if (entry.type !== 'file' || (entry.chunks ?? []).length === 0) return entry;
    try {
      if (isNamedByDigest(entry)) return { ...entry, chunks: [await this.#oneChunk(entry)] };
      const list = new ChunkListBuilder((content) => this.#target.storeMeta(content));
      for (const chunk of await manifest.chunkList(entry)) {
        signal?.throwIfAborted();
        list.add(await this.#chunk(chunk), chunk.length);
      }
      return { ...entry, ...list.finish() };
    } catch (error) {
      throw isDamage(error) ? damagedFile(entry, error) : error;
    }
  }

  async #oneChunk(entry: StoredEntry): Promise<ChunkRef> {
    const id = this.#target.repository.hasher.id(DATA, entry.digest as Buffer);
    const [chunk] = entry.chunks ?? [];
    if (!this.#target.use(id)) await this.#feed((chunk as ChunkRef).id);
    return { id, length: entry.size };
  }

  /** The new ID of a chunk, which is in the other repository afterwards. */
  async #chunk({ id }: ChunkRef): Promise<Buffer> {
    const known = this.#ids.get(id);
    if (known !== undefined && this.#target.use(known)) return Buffer.from(known);
    const translated = await this.#feed(id);
    this.#ids.set(id, translated);
    return translated;
  }

  async #feed(id: Buffer): Promise<Buffer> {
    const content = await this.#chunks.read(DATA, id);
    this.#progress.read += content.length;
    const translated = this.#target.repository.hasher.id(DATA, hash('sha256', content, 'buffer'));
    if (this.#target.use(translated)) return translated;
    (await this.#feeder.room(content.length)).set(content);
    this.#feeder.take();
    return translated;
  }

  #storeFences(fences: readonly Fence[]): { id: string; length: number }[] {
    const refs: { id: string; length: number }[] = [];
    for (let at = 0; at < fences.length; at += FENCES_PER_CHUNK) {
      const { id, length } = this.#target.storeMeta(encodeFenceChunk(fences.slice(at, at + FENCES_PER_CHUNK)));
      refs.push({ id: toHex(id), length });
    }
    return refs;
  }
}

/** Content of one chunk whose ID follows from the file's digest. */
function isNamedByDigest({ digest, chunks = [], holes, indirect, size }: StoredEntry): boolean {
  return (
    digest !== undefined &&
    holes === undefined &&
    indirect !== true &&
    chunks.length === 1 &&
    chunks[0]?.length === size
  );
}

/** Parts one by one, where one manifest is a translation of the other; nothing where it is not. */
function pairUp(a: readonly Fence[], b: readonly Fence[]): [Fence, Fence][] {
  const alike =
    a.length === b.length &&
    a.every(({ firstPath, count }, i) => b[i]?.firstPath === firstPath && b[i]?.count === count);
  return alike ? a.map((fence, i) => [fence, b[i] as Fence]) : [];
}

function damagedFile(entry: StoredEntry, cause: HoldfastError): HoldfastError {
  const name = printableName(entry.path);
  return new HoldfastError('damaged', `${name} cannot be copied: ${cause.message}`, {
    cause,
    advice: 'Run verify to see what is affected.',
    details: { ...cause.details, file: name },
  });
}
