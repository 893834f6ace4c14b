import type { Engine } from '../../backup/engine.ts';
import type { SourceCare } from '../../config/unattended.ts';
import type { EventSink } from '../../notify/event.ts';
import type { RunRecord } from '../../state/unattended-records.ts';
import type { Holds } from '../holds.ts';
import { isGoodRun, type RunHistory, wasGoodRun } from '../run-history.ts';
import { errorIn } from '../runs/run-record.ts';
import { unusual } from './anomaly.ts';
import type { FreshnessWatch } from './freshness-watch.ts';
import type { RepositoryWatch } from './repository-watch.ts';

export interface RunWatchParts {
  care: Readonly<Record<string, Pick<SourceCare, 'anomalies' | 'ping'>>>;
  history: RunHistory;
  holds: Holds;
  freshness: FreshnessWatch;
  repository: RepositoryWatch;
  /** Tells the dead-man service of a source. */
  ping: (source: string, good: boolean) => Promise<void>;
  sink: EventSink;
  /** Something that is only worth a line in the log. */
  onWarning: (message: string) => void;
}

/** What a run that has ended tells of its source: fresh again, far from the usual, alive. None of it can fail the run. */
export class RunWatch {
  readonly #parts: RunWatchParts;

  constructor(parts: RunWatchParts) {
    this.#parts = parts;
  }

  /** `repository` is open where the run took a backup. */
  async ended(run: RunRecord, repository: Engine | undefined): Promise<void> {
    const { freshness, repository: contents } = this.#parts;
    void this.#ping(run);
    await this.#guarded(() => freshness.check());
    if (repository === undefined) return;
    await this.#guarded(() => this.#judge(run, repository));
    await this.#guarded(() => contents.look(repository));
  }

  /** Holds the last good snapshot where the run is far from the usual. A source that is held is not judged again until an owner has looked. */
  async #judge(run: RunRecord, repository: Engine): Promise<void> {
    const { care, history, holds } = this.#parts;
    const { source } = run;
    if (care[source]?.anomalies !== true || holds.isHeld(source) || !isGoodRun(run)) return;
    const before = history.of(source).filter(({ id, started }) => id !== run.id && started < run.started);
    const kept = before.findLast(isGoodRun)?.snapshot;
    const reasons = unusual(run, { earlier: before.filter(wasGoodRun), accepted: holds.acceptedSince(source) });
    if (reasons.length === 0 || !kept) return;
    await holds.place({ source, snapshot: kept, suspect: run.id, reasons }, repository);
  }

  async #ping({ source, status }: RunRecord): Promise<void> {
    const { care, ping, sink } = this.#parts;
    const told = status === 'failed' || status === 'completed' || status === 'completed_with_warnings';
    if (care[source]?.ping === undefined || !told) return;
    try {
      await ping(source, status !== 'failed');
      sink.happened({ kind: 'task_works', task: 'ping', source });
    } catch (error) {
      sink.happened({
        kind: 'maintenance_failed',
        task: 'ping',
        source,
        error: errorIn('telling the dead-man service', error),
      });
    }
  }

  async #guarded(look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (error) {
      this.#parts.onWarning(`After a run: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
