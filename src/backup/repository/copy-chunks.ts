import type { ChunkIndex } from './chunk-index.ts';
import { ChunkReader } from './chunk-reader.ts';
import { ChunkStorer } from './chunk-storer.ts';
import type { Repository } from './repository.ts';
import type { Session } from './sessions.ts';

/** Copies chunks, given as records of the index, into new packs and indexes those. Gives the bytes that this took. */
export async function copyChunks(
  repository: Repository,
  session: Session,
  index: ChunkIndex,
  records: readonly number[],
): Promise<number> {
  const reader = new ChunkReader(repository, index);
  const storer = new ChunkStorer(repository, session.bytes);
  const inPackOrder = records
    .map((record) => ({ record, copy: index.copy(record) }))
    .sort((a, b) => a.copy.packNumber - b.copy.packNumber || a.copy.blockOffset - b.copy.blockOffset);
  for (const { record, copy } of inPackOrder) {
    const id = Buffer.from(index.idOf(record));
    await storer.add(copy.pack.kind, id, await reader.read(copy.pack.kind, id));
  }
  await storer.flush();
  return storer.storedBytes;
}
