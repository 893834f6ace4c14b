import { addUnindexedPacks, readIndexRuns, toChunkIndex } from '../repository/index-loader.ts';
import { listPacks } from '../repository/packs.ts';
import type { Repository } from '../repository/repository.ts';
import { readCatalog } from '../repository/snapshots.ts';
import type { RepositoryStats } from '../types.ts';

const FORMAT_VERSION = 1;

/** How large the repository is and what it saves. Ratios of nothing are 1. */
export async function repositoryStats(repository: Repository): Promise<RepositoryStats> {
  const { store } = repository;
  const { snapshots } = await readCatalog(repository);
  const packs = await listPacks(store);
  const runs = await store.list('index/');
  const chunks = await countChunks(repository, packs);
  const packBytes = sum(packs.values());
  const logicalBytes = sum(snapshots.map(({ body }) => body.totals.bytes));
  return {
    location: store.location,
    id: repository.id,
    fingerprint: repository.fingerprint,
    formatVersion: FORMAT_VERSION,
    snapshots: snapshots.length,
    packs: packs.size,
    packBytes,
    chunks: chunks.count,
    chunkBytes: chunks.bytes,
    logicalBytes,
    indexRuns: runs.length,
    indexBytes: sum(runs.map(({ size }) => size)),
    compressionRatio: ratio(packBytes, chunks.bytes),
    deduplicationRatio: ratio(logicalBytes, chunks.bytes),
    freeBytes: (await store.freeBytes()) ?? null,
  };
}

/** Different chunks in packs that are there. */
async function countChunks(
  repository: Repository,
  packs: ReadonlyMap<string, number>,
): Promise<{ count: number; bytes: number }> {
  const loaded = await readIndexRuns(repository);
  await addUnindexedPacks(repository, loaded, packs);
  const index = toChunkIndex(loaded);
  const isThere = (record: number) => packs.has(index.packs[index.packNumber(record)]?.id ?? '');
  let count = 0;
  let bytes = 0;
  for (const record of index.records()) {
    if (!isThere(record) || index.copies(index.idOf(record)).find(isThere) !== record) continue;
    count++;
    bytes += index.copy(record).length;
  }
  return { count, bytes };
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole;
}
