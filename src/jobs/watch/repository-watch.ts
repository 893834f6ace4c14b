import type { Engine } from '../../backup/engine.ts';
import type { Holds } from '../holds.ts';
import type { RunHistory } from '../run-history.ts';
import type { StorageWatch } from './storage-watch.ts';

export interface RepositoryWatchParts {
  /** Names of the configured sources. */
  sources: readonly string[];
  history: RunHistory;
  holds: Holds;
  storage: StorageWatch;
}

/** Compares what is remembered with what the repository holds: after each run, and now and then. */
export class RepositoryWatch {
  readonly #parts: RepositoryWatchParts;

  constructor(parts: RepositoryWatchParts) {
    this.#parts = parts;
  }

  async look(repository: Pick<Engine, 'list' | 'usedBytes' | 'find' | 'pin'>): Promise<void> {
    const { sources, history, holds, storage } = this.#parts;
    await holds.pinAll(repository);
    // In this order: a run that ends meanwhile is not taken for one that is gone.
    const known = history.snapshots;
    const listed = await repository.list();
    await history.reconcile(known, listed, sources);
    await holds.adopt(listed, sources);
    await storage.sample(await repository.usedBytes(), listed);
  }
}
