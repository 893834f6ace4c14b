import type { SnapshotSummary } from '../backup/types.ts';
import type { State } from '../state/state.ts';
import type { RunError, RunRecord, RunStatus } from '../state/unattended-records.ts';
import { remember } from './remember.ts';
import { thinned } from './thin-runs.ts';

/** A backup that can be restored. What retention let go since was good when it ended. */
const GOOD: readonly RunStatus[] = ['completed', 'completed_with_warnings'];

export const isGoodRun = ({ status, snapshot }: RunRecord): boolean => GOOD.includes(status) && snapshot !== null;

/** The same, also where its snapshot is gone by now. */
export const wasGoodRun = ({ status, snapshot }: RunRecord): boolean =>
  snapshot !== null && [...GOOD, 'expired', 'deleted'].includes(status);

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

  /** Snapshots that should be there. */
  get snapshots(): string[] {
    return this.all.filter(isGoodRun).flatMap(({ snapshot }) => snapshot ?? []);
  }

  async add(run: RunRecord): Promise<void> {
    await remember(this.#state, ({ unattended }) => {
      unattended.runs = thinned([...unattended.runs, run]);
    });
  }

  async change(id: string, change: Partial<RunRecord>): Promise<void> {
    await remember(this.#state, ({ unattended }) => {
      const run = unattended.runs.findLast((one) => one.id === id);
      if (run !== undefined) Object.assign(run, change);
    });
  }

  /** Snapshots that retention has let go, or that somebody deleted. Their runs stay on the list. */
  async letGo(snapshots: readonly string[], as: 'expired' | 'deleted'): Promise<void> {
    const gone = new Set(snapshots);
    if (!this.all.some(({ snapshot }) => snapshot !== null && gone.has(snapshot))) return;
    await remember(this.#state, ({ unattended }) => {
      for (const run of unattended.runs) if (run.snapshot !== null && gone.has(run.snapshot)) run.status = as;
    });
  }

  /** To be called once at start: runs that an earlier process left open are interrupted. */
  async recover(): Promise<void> {
    const open = this.all.filter(({ status }) => status === 'running');
    if (open.length === 0) return;
    await remember(this.#state, () => {
      for (const run of open) Object.assign(run, { status: 'interrupted', ended: run.started, error: STOPPED });
    });
  }

  /**
   * Brings the history in line with the snapshots that a repository lists: those of `known` that it lacks were deleted, and newer ones of `sources`, taken without
   * the bot or before its state was lost, are added.
   */
  async reconcile(
    known: readonly string[],
    listed: readonly SnapshotSummary[],
    sources: readonly string[],
  ): Promise<void> {
    const there = new Set(listed.map(({ id }) => id));
    await this.letGo(
      known.filter((id) => !there.has(id)),
      'deleted',
    );
    const strange = sources.flatMap((source) => this.#strange(source, listed));
    if (strange.length === 0) return;
    await remember(this.#state, ({ unattended }) => {
      const all = [...unattended.runs, ...strange.map(runOf)];
      unattended.runs = thinned(all.toSorted((a, b) => (a.started < b.started ? -1 : 1)));
    });
  }

  /** Snapshots of a source that are newer than its last good run. */
  #strange(source: string, listed: readonly SnapshotSummary[]): SnapshotSummary[] {
    const own = this.of(source);
    // Its own snapshot may be there before the run has ended.
    if (own.some(({ status }) => status === 'running')) return [];
    const known = new Set(own.map(({ snapshot }) => snapshot));
    const newest = own.findLast(wasGoodRun)?.started ?? '';
    return listed.filter(
      (one) =>
        one.source === source &&
        (one.status === 'completed' || one.status === 'completed_with_warnings') &&
        one.trigger !== 'pre-restore' &&
        one.time > newest &&
        !known.has(one.id),
    );
  }
}

const STOPPED: RunError = {
  code: 'interrupted',
  message: 'The bot was stopped while it ran',
  advice: null,
  phase: 'running',
};

/** What a snapshot tells of the run that took it. */
function runOf(snapshot: SnapshotSummary): RunRecord {
  const { id, source, kind, trigger, classes, host, status, time, durationMs, size, stored, files, warnings } =
    snapshot;
  return {
    id: id.slice(0, 8),
    source,
    kind,
    trigger,
    classes: [...classes],
    who: { platform: 'repository', id: host, name: host },
    status: status === 'completed' ? 'completed' : 'completed_with_warnings',
    started: time,
    ended: new Date(Date.parse(time) + durationMs).toISOString(),
    snapshot: id,
    bytes: size,
    read: 0,
    added: 0,
    stored,
    files: { new: 0, changed: 0, unmodified: files, unreadable: 0 },
    warnings,
    error: null,
  };
}
