import type { Engine } from '../../backup/engine.ts';
import type { Clock } from '../../shared/clock.ts';
import type { FreshnessWatch } from './freshness-watch.ts';
import type { RepositoryWatch } from './repository-watch.ts';
import type { StorageWatch } from './storage-watch.ts';

export interface WatchLoopParts {
  freshness: FreshnessWatch;
  storage: StorageWatch;
  repository: RepositoryWatch;
  /** The repository as quick commands have it. */
  openRepository: () => Promise<Engine>;
  clock: Clock;
  onWarning: (message: string) => void;
}

/** A bot that has just started has better things to do. */
const FIRST_MS = 30_000;
const EVERY_MS = 60_000;
const REPOSITORY_EVERY_MS = 3_600_000;
/** Whatever hangs, such as a share that is gone, must not keep the rest from being watched. */
const PATIENCE_MS = 60_000;

/** Looks at everything that changes without a run: ages each minute, disks each minute, the repository each hour. */
export class WatchLoop {
  readonly #parts: WatchLoopParts;
  readonly #stopping = new AbortController();
  readonly #busy = new Set<string>();
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: WatchLoopParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#run().catch(() => {});
  }

  stop(): void {
    this.#stopping.abort(new Error('stopped'));
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#stopping;
    await clock.sleep(FIRST_MS, signal, { background: true });
    for (;;) {
      await this.#round();
      await clock.sleep(EVERY_MS, signal, { background: true });
    }
  }

  /** The repository first: it may know of newer backups than the state does. */
  async #round(): Promise<void> {
    const { freshness, storage, repository, openRepository, clock } = this.#parts;
    if (clock.monotonic() - this.#lookedMs >= REPOSITORY_EVERY_MS) {
      this.#lookedMs = clock.monotonic();
      await this.#part('the repository', async () => repository.look(await openRepository()));
    }
    await this.#part('ages', () => freshness.check());
    await this.#part('disks', () => storage.checkDisks());
  }

  /** Does one part, unless it still hangs since the last time. */
  async #part(name: string, look: () => Promise<void>): Promise<void> {
    if (this.#busy.has(name)) return;
    this.#busy.add(name);
    const { clock, onWarning } = this.#parts;
    const waiting = new AbortController();
    const done = look()
      .catch((error: unknown) =>
        onWarning(`Looking at ${name}: ${error instanceof Error ? error.message : String(error)}`),
      )
      .finally(() => {
        this.#busy.delete(name);
        waiting.abort(new Error('done'));
      });
    await Promise.race([done, clock.sleep(PATIENCE_MS, waiting.signal, { background: true }).catch(() => {})]);
  }
}
