import type { ByteString } from '../../../shared/bytes.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import type { ChunkRef } from '../../entry.ts';
import type { Fence, OnRefused } from '../../format/manifest.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import { DATA, packName } from '../../format/pack-index.ts';
import type { ByteRange } from '../../ports.ts';
import type { ChunkIndex } from '../../repository/chunk-index.ts';
import type { ChunkReader } from '../../repository/chunk-reader.ts';
import { isNotFound } from '../../repository/damage.ts';
import { readWholeIndex } from '../../repository/index-loader.ts';
import type { ManifestReader } from '../../repository/manifest-reader.ts';
import type { Repository } from '../../repository/repository.ts';
import type { DamagedObject } from '../../types.ts';
import { kindOfObject } from '../verify/damage-report.ts';
import type { ChunkPlace, SnapshotContent } from './content.ts';

/** Entries that are handed on together: enough that waiting for them costs nothing. */
const RUN = 512;
/** Stands for the object to blame where the list of files itself is wrong. */
const MANIFEST = 'manifest';

/** A snapshot's content, from an open repository. */
export class RepositoryContent implements SnapshotContent {
  readonly #repository: Repository;
  readonly #id: string;
  readonly #manifest: ManifestReader;
  readonly #first: Numbered;
  #again: Promise<Numbered> | undefined;
  /** Names of packs; both indexes may know other ones. */
  readonly #objects: string[] = [];
  readonly #numbers = new Map<string, number>();

  /** `id`: the snapshot's. */
  static async open(
    repository: Repository,
    id: string,
    chunks: ChunkReader,
    manifest: ManifestReader,
  ): Promise<RepositoryContent> {
    return new RepositoryContent(repository, id, manifest, await chunks.index());
  }

  private constructor(repository: Repository, id: string, manifest: ManifestReader, index: ChunkIndex) {
    this.#repository = repository;
    this.#id = id;
    this.#manifest = manifest;
    this.#first = this.#numbered(index);
  }

  async *runs(
    onDamage?: (damaged: DamagedObject) => void,
    only?: readonly ByteString[],
  ): AsyncGenerator<readonly StoredEntry[]> {
    const report =
      onDamage &&
      ((error: HoldfastError, fence?: Fence) => {
        const [object = MANIFEST] = (error.details.objects as string[] | undefined) ?? [];
        const files = fence === undefined ? [] : [`${this.#id.slice(0, 8)}:${printableName(fence.firstPath)}`];
        const what = fence === undefined ? 'The list of files' : `The list of ${fence.count} entries`;
        const problem = `${what} is lost. ${error.message}`;
        onDamage({ object, kind: kindOfObject(object), problem, files, filesTotal: fence?.count ?? 0 });
      });
    const onRefused =
      onDamage &&
      ((path: ByteString, error: HoldfastError) => {
        const files = [`${this.#id.slice(0, 8)}:${printableName(path)}`];
        onDamage({ object: MANIFEST, kind: 'snapshot', problem: error.message, files, filesTotal: 1 });
      });
    for await (const part of this.#manifest.parts({ onDamage: report, onRefused, only })) {
      const possible = onRefused === undefined ? part : part.filter((entry) => isPossible(entry, onRefused));
      for (let at = 0; at < possible.length; at += RUN) yield possible.slice(at, at + RUN);
    }
  }

  chunkRuns(entry: StoredEntry): AsyncGenerator<readonly ChunkRef[]> {
    return this.#manifest.chunkRuns(entry);
  }

  locate(id: Buffer): ChunkPlace | undefined {
    for (const record of this.#first.index.copies(id)) {
      const place = placeOf(this.#first, record);
      if (place !== undefined) return place;
    }
    return undefined;
  }

  async copies(id: Buffer): Promise<readonly ChunkPlace[]> {
    this.#again ??= this.#readAgain();
    const again = await this.#again;
    return again.index.copies(id).flatMap((record) => placeOf(again, record) ?? []);
  }

  packObject(pack: number): string {
    return this.#objects[pack] as string;
  }

  localPath(object: string): string | undefined {
    return this.#repository.store.localPath(object);
  }

  /** A pack that is gone gives nothing, which no block is: other copies are then tried, as for one that is damaged. */
  async read(object: string, range: ByteRange, signal?: AbortSignal): Promise<Buffer> {
    try {
      return await this.#repository.store.get(object, range, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return Buffer.alloc(0);
    }
  }

  async #readAgain(): Promise<Numbered> {
    return this.#numbered(await readWholeIndex(this.#repository));
  }

  #numbered(index: ChunkIndex): Numbered {
    return { index, numbers: Uint32Array.from(index.packs, ({ id }) => this.#numberOf(packName(id))) };
  }

  #numberOf(object: string): number {
    const known = this.#numbers.get(object);
    if (known !== undefined) return known;
    const number = this.#objects.push(object) - 1;
    this.#numbers.set(object, number);
    return number;
  }
}

/** Linux takes no longer names and targets, see limits.h; a snapshot of elsewhere, or a made-up one, may hold them. */
const LONGEST_NAME = 255;
const LONGEST_TARGET = 4095;

/** Whether anything like it can be created; tells `onRefused` otherwise. What lies below a folder with such a name is left out like itself. */
function isPossible({ path, target = '' as ByteString }: StoredEntry, onRefused: OnRefused): boolean {
  const refuse = (problem: string): false => {
    onRefused(path, new HoldfastError('damaged', problem));
    return false;
  };
  if (target.length > LONGEST_TARGET) return refuse(`a symbolic link has a target of ${target.length} bytes`);
  const isLong = path.length > LONGEST_NAME && path.split('/').some(({ length }) => length > LONGEST_NAME);
  return isLong ? refuse(`a name is longer than ${LONGEST_NAME} bytes`) : true;
}

/** Undefined for what is no copy in a data pack. */
function placeOf({ index, numbers }: Numbered, record: number): ChunkPlace | undefined {
  const { pack, packNumber, blockOffset, blockLength, offset, length } = index.copy(record);
  if (pack.kind !== DATA) return undefined;
  return { pack: numbers[packNumber] as number, blockOffset, blockLength, offset, length };
}

interface Numbered {
  index: ChunkIndex;
  /** For each of its packs the number that it has here. */
  numbers: Uint32Array;
}
