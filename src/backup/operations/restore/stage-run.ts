import { throwIfAborted } from '../../../shared/abort.ts';
import type { ByteString } from '../../../shared/bytes.ts';
import { printableName } from '../../../shared/printable.ts';
import type { Entry } from '../../entry.ts';
import type { OperationContext } from '../../ports.ts';
import type { DamagedObject, RestoreRequest } from '../../types.ts';
import { cleanUp, discard, isHalfway, type Remover, type StagedTarget, swapForward } from './conclude.ts';
import { join, type Step } from './join.ts';
import { Journal } from './journal.ts';
import { type StageLayout, UnitLayout, WholeLayout } from './layout.ts';
import { child, createPlace, keptName, type Place, type Site, upwards } from './place.ts';
import type { RestorePorts, RestoreSnapshot } from './restore-ports.ts';
import { StageWriter } from './stage-writer.ts';
import type { LeftOut } from './survey.ts';
import type { Target } from './targets.ts';
import type { RestoreThreads } from './thread-pool.ts';
import { writeSwapPlan } from './units.ts';

/** How one target is to be swapped. */
export interface TargetMode {
  whole: boolean;
  /** The journal folder is inside the target. */
  inside: boolean;
  /** Paths below the target on which something is mounted. */
  mounts: readonly ByteString[];
}

interface OpenTarget {
  place: Place;
  stage: StageWriter;
  layout: StageLayout;
  keep: ByteString | null;
}

/** From the first journal folder to the last: stages all targets of a restore, swaps them, cleans up; or takes everything back. */
export class StageRun {
  readonly #ports: RestorePorts;
  readonly #threads: RestoreThreads;
  readonly #snapshot: RestoreSnapshot;
  readonly #request: RestoreRequest;
  readonly #context: OperationContext;
  readonly #open: OpenTarget[] = [];
  readonly #places: Place[] = [];
  #targets: readonly Target[] = [];
  #journal: Journal | undefined;
  #over = false;
  #bytes = 0;
  #files = 0;

  constructor(
    ports: RestorePorts,
    threads: RestoreThreads,
    snapshot: RestoreSnapshot,
    request: RestoreRequest,
    context: OperationContext,
  ) {
    this.#ports = ports;
    this.#threads = threads;
    this.#snapshot = snapshot;
    this.#request = request;
    this.#context = context;
  }

  get damaged(): DamagedObject[] {
    return this.#open.flatMap(({ stage }) => stage.damaged);
  }

  open(targets: readonly Target[], sites: readonly Site[], modes: readonly TargetMode[]): void {
    this.#targets = targets;
    const { posix, identity, random } = this.#ports;
    const keeps = this.#request.safety === 'keep-old';
    const time = new Date(this.#ports.clock.now()).toISOString();
    sites.forEach((site, number) => {
      this.#places.push(createPlace(posix, site, (modes[number] as TargetMode).inside, identity, random));
    });
    const group = this.#places.map(({ journalPath }) => journalPath);
    for (const [number, place] of this.#places.entries()) {
      const { inside, whole, mounts } = modes[number] as TargetMode;
      const had = (sites[number] as Site).status !== undefined;
      const keep = keeps && had ? keptName(place.path, inside, time) : null;
      const journal = Journal.create(posix, place.journal, {
        holdfastRestore: 1,
        group,
        target: place.path,
        inside,
        timeBefore: place.timeBefore === undefined ? null : String(place.timeBefore),
        keep,
        snapshot: this.#snapshot.id,
        process: identity,
      });
      if (number === 0) this.#journal = journal;
      else journal.close();
      this.#open.push(this.#openTarget(place, number, whole, mounts, keep));
    }
  }

  async take(steps: readonly Step[], target: number): Promise<void> {
    const { layout, stage } = this.#open[target] as OpenTarget;
    for (const step of steps) {
      const busy = layout.take(step);
      if (busy !== undefined) await busy;
    }
    await stage.breathe();
  }

  /** Everything is staged, verified and durable. */
  async finish(): Promise<void> {
    for (const { layout, stage } of this.#open) {
      layout.end();
      await stage.finish();
    }
  }

  async swap(): Promise<{ keptOld: string | null }> {
    const { signal, onProgress } = this.#context;
    const staged: StagedTarget[] = this.#open.map(({ place, layout, keep }) => ({
      place,
      keep,
      plan: layout.swapPlan(),
    }));
    for (const { place, plan } of staged) writeSwapPlan(place.posix, place.journal, plan);
    throwIfAborted(signal);
    onProgress?.({ phase: 'swap' });
    try {
      swapForward(this.#journal as Journal, staged);
      this.#over = true;
    } catch (error) {
      this.#over = isHalfway(error);
      throw error;
    }
    onProgress?.({ phase: 'clean up' });
    await cleanUp(staged, this.#remover);
    const kept = staged.flatMap(({ place, plan, keep }) =>
      keep !== null && plan.units.length > 0 ? [child(place.inside ? place.path : upwards(place.path), keep)] : [],
    );
    return { keptOld: kept.length === 0 ? null : kept.map(printableName).join(', ') };
  }

  /** The targets are as they were. Once they are new, or neither, there is nothing to take back: that is a recovery's business. */
  async rollBack(): Promise<void> {
    for (const { stage } of this.#open) await stage.stop();
    if (this.#over) return;
    this.#over = true;
    await discard(this.#places, this.#remover);
  }

  close(): void {
    this.#journal?.close();
    for (const { layout } of this.#open) layout.close();
    for (const place of this.#places) place.close();
  }

  warnings({ devices }: LeftOut, wanted: boolean): string[] {
    const warnings: string[] = [];
    if (devices > 0 && !wanted) {
      warnings.push(`${devices} sockets and devices were left out; --devices restores them.`);
    }
    for (const [number, { stage }] of this.#open.entries()) {
      const { count, example } = stage.foreign;
      if (count > 0) {
        const shown = this.#shown(number, example);
        warnings.push(
          `${count} objects belong to this user now, for only the superuser may give things away: ${shown} ...`,
        );
      }
      if (stage.refusedXattrs.length > 0) {
        const names = stage.refusedXattrs.map((name) => printableName(name as ByteString)).join(', ');
        warnings.push(`The target does not take these extended attributes: ${names}.`);
      }
    }
    return warnings;
  }

  readonly #remover: Remover = async (place, names) => {
    await this.#threads.run({ kind: 'remove', dir: place.journal, names });
  };

  #openTarget(
    place: Place,
    number: number,
    whole: boolean,
    mounts: readonly ByteString[],
    keep: ByteString | null,
  ): OpenTarget {
    const jobPlace = { id: number, stage: place.fresh, target: place.target };
    const stage = new StageWriter(this.#threads, this.#snapshot.content, jobPlace, {
      keepGoing: this.#request.keepGoing === true,
      check: this.#request.check === true,
      shownPath: (path) => this.#shown(number, path),
      // By another descriptor than the last sync: an error of the disk is told once for each, and here nobody listens.
      writeback: () => place.posix.startWriteback(place.journal),
      onBytes: (bytes, files) => this.#progress(bytes, files),
      signal: this.#context.signal,
    });
    const layout = whole ? new WholeLayout(place, stage, this.#newRoot()) : new UnitLayout(place, stage, mounts);
    return { place, stage, layout, keep };
  }

  /** A path below the stage as people know it. */
  #shown(number: number, path: ByteString): string {
    const { layout } = this.#open[number] as OpenTarget;
    const inSnapshot = join((this.#targets[number] as Target).source, layout.goalOf(path));
    return `${this.#snapshot.id.slice(0, 8)}:${printableName(inSnapshot)}`;
  }

  /** A folder as mkdir would make it. */
  #newRoot(): Entry {
    return {
      path: '' as ByteString,
      type: 'directory',
      mode: 0o777 & ~process.umask(),
      uid: -1,
      gid: -1,
      mtimeNs: BigInt(this.#ports.clock.now()) * 1_000_000n,
      size: 0,
    };
  }

  #progress(bytes: number, files: number): void {
    this.#bytes += bytes;
    this.#files += files;
    const { totals } = this.#snapshot.body;
    this.#context.onProgress?.({
      phase: 'restore',
      bytes: this.#bytes,
      files: this.#files,
      totalBytes: totals.bytes,
      totalFiles: totals.files + totals.directories + totals.others,
    });
  }
}
