import type { State } from '../state/state.ts';
import type { RunRecord, RunStatus } from '../state/unattended-records.ts';
import { thinned } from './thin-runs.ts';

/** A backup that can be restored. What retention let go since was good when it ended. */
const GOOD: readonly RunStatus[] = ['completed', 'completed_with_warnings'];

export const isGoodRun = ({ status, snapshot }: RunRecord): boolean => GOOD.includes(status) && snapshot !== null;

/** How the runs of each source ended: a bounded part of the state, with what has become of their snapshots since. */
export class RunHistory {
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
  }

  /** Oldest first. */
  get all(): readonly RunRecord[] {
    return this.#state.document.unattended.runs;
  }

  /** Oldest first. */
  of(source: string): readonly RunRecord[] {
    return this.all.filter((run) => run.source === source);
  }

  lastGood(source: string): RunRecord | undefined {
    return this.all.findLast((run) => run.source === source && isGoodRun(run));
  }

  async add(run: RunRecord): Promise<void> {
    await this.#state.update(({ unattended }) => {
      unattended.runs = thinned([...unattended.runs, run]);
    });
  }

  async change(id: string, change: Partial<RunRecord>): Promise<void> {
    await this.#state.update(({ unattended }) => {
      const run = unattended.runs.findLast((one) => one.id === id);
      if (run !== undefined) Object.assign(run, change);
    });
  }

  /** Snapshots that retention has let go, or that somebody deleted. Their runs stay on the list. */
  async letGo(snapshots: readonly string[], as: 'expired' | 'deleted'): Promise<void> {
    const gone = new Set(snapshots);
    if (!this.all.some(({ snapshot }) => snapshot !== null && gone.has(snapshot))) return;
    await this.#state.update(({ unattended }) => {
      for (const run of unattended.runs) if (run.snapshot !== null && gone.has(run.snapshot)) run.status = as;
    });
  }
}
