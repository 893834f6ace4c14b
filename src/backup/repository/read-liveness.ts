import { readMarks } from './marks.ts';
import { Liveness, listPacks } from './packs.ts';
import type { Repository } from './repository.ts';

/**
 * Reads `gc/`, then lists `packs/`. In this order a pack that is deleted in between was either seen marked or is seen missing; the
 * other way round it could be seen listed, and its mark be gone.
 */
export async function readLiveness(repository: Repository, signal?: AbortSignal): Promise<Liveness> {
  if (!repository.rules.marksBeforePacks) {
    const listed = await listPacks(repository.store, signal);
    return new Liveness(repository, await readMarks(repository, signal), listed);
  }
  const marks = await readMarks(repository, signal);
  return new Liveness(repository, marks, await listPacks(repository.store, signal));
}
