import { toHex } from '../../../shared/bytes.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import type { Fence } from '../../format/manifest.ts';
import type { OperationContext } from '../../ports.ts';
import { ChunkReader } from '../../repository/chunk-reader.ts';
import { isDamage } from '../../repository/damage.ts';
import { LruCache } from '../../repository/lru-cache.ts';
import { ManifestReader } from '../../repository/manifest-reader.ts';
import type { Repository } from '../../repository/repository.ts';
import { readCatalog, type SnapshotRecord } from '../../repository/snapshots.ts';
import type { FoundEntry, ListedEntry, SnapshotFilter } from '../../types.ts';
import { passes } from '../list/list.ts';
import { compileGlob, type PathMatcher } from './glob.ts';
import { listedEntry } from './listed-entry.ts';

/** Matches that are remembered for other snapshots with the same part of a manifest. A part counts as one more. */
const CACHED_MATCHES = 50_000;
const MOST_NAMED = 3;

export interface SearchRequest {
  pattern: string;
  filter?: SnapshotFilter | undefined;
  ignoreCase?: boolean | undefined;
}

/**
 * Entries that match a glob (see `compileGlob`) in all snapshots that pass the filter, newest snapshot first. Parts that snapshots share are
 * read once. Goes on behind damaged parts, and throws `damaged` at the end where there were any.
 */
export async function* searchSnapshots(
  repository: Repository,
  { pattern, filter = {}, ignoreCase }: SearchRequest,
  context: OperationContext = {},
): AsyncGenerator<FoundEntry> {
  const search = new Search(repository, compileGlob(pattern, { ignoreCase }), context);
  const { snapshots } = await readCatalog(repository);
  for (const record of snapshots) {
    if (!passes(record, filter)) continue;
    for await (const entry of search.matches(record)) {
      yield { ...entry, snapshot: record.id, snapshotTime: record.body.time };
    }
  }
  search.finish();
}

class Search {
  readonly #chunks: ChunkReader;
  readonly #matcher: PathMatcher;
  readonly #context: OperationContext;
  readonly #known = new LruCache<readonly ListedEntry[]>(CACHED_MATCHES, (matches) => 1 + matches.length);
  readonly #damaged: string[] = [];

  constructor(repository: Repository, matcher: PathMatcher, context: OperationContext) {
    this.#chunks = new ChunkReader(repository);
    this.#matcher = matcher;
    this.#context = context;
  }

  async *matches(record: SnapshotRecord): AsyncGenerator<ListedEntry> {
    const manifest = new ManifestReader(this.#chunks, record.body.manifest);
    const fences = (await this.#tolerate(record, () => manifest.fences())) ?? [];
    for (const fence of fences) {
      this.#context.signal?.throwIfAborted();
      yield* (await this.#tolerate(record, () => this.#part(manifest, fence))) ?? [];
    }
  }

  /** @throws HoldfastError `damaged` where a part could not be read */
  finish(): void {
    if (this.#damaged.length === 0) return;
    const named = [...new Set(this.#damaged)];
    const more = named.length > MOST_NAMED ? ` and ${named.length - MOST_NAMED} more` : '';
    throw new HoldfastError(
      'damaged',
      `Parts of the list of files are damaged in ${named.slice(0, MOST_NAMED).join(', ')}${more}; there may be more matches.`,
      { advice: 'Run verify to see what is affected.', details: { snapshots: named } },
    );
  }

  async #part(manifest: ManifestReader, fence: Fence): Promise<readonly ListedEntry[]> {
    const key = toHex(fence.manifest.id);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const entries = await manifest.part(fence);
    const matches = entries.filter(({ path }) => path !== '' && this.#matcher(path)).map(listedEntry);
    this.#known.set(key, matches);
    return matches;
  }

  async #tolerate<T>(record: SnapshotRecord, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#damaged.push(record.id.slice(0, 8));
      return undefined;
    }
  }
}
