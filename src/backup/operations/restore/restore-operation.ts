import { throwIfAborted } from '../../../shared/abort.ts';
import type { ByteString } from '../../../shared/bytes.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import type { OperationContext } from '../../ports.ts';
import { lossesOf } from '../../posix/capabilities.ts';
import type { DamagedObject, RestoreRequest, RestoreResult } from '../../types.ts';
import { targetFailure } from './failures.ts';
import type { Step } from './join.ts';
import { mountsOf, readMountPoints } from './mounts.ts';
import { canBeBeside, closeSite, openSite, type Site } from './place.ts';
import { Plan, planHash } from './plan.ts';
import { findJournals, recoverRestores } from './recover.ts';
import type { RestorePorts, RestoreSnapshot } from './restore-ports.ts';
import { Selection } from './selection.ts';
import { StageRun, type TargetMode } from './stage-run.ts';
import { Survey, shownPath } from './survey.ts';
import { isEmpty } from './target-walk.ts';
import { makeParents, refuseRepository, removeParents, type Target, targetsOf } from './targets.ts';
import { createRestoreThreads, type RestoreThreads, startRestoreWorkers } from './thread-pool.ts';

/** Files that are named for one object. */
const MOST_FILES = 100;
/** Where little stays, staging everything anew is cheap. */
const FEW_UNTOUCHED = 1000;
const MANY_UNTOUCHED = 20;
/** That all threads together hold open in a stage: well below the usual limit of 1,024 descriptors, unless threads are many. */
const OPEN_FOLDERS = 512;
const FEWEST_OPEN_FOLDERS = 16;

/**
 * Brings a snapshot's content back, or says what that would do. The target is wholly old or wholly new afterwards, whatever happens
 * on the way. Rejects with HoldfastErrors; with `keepGoing`, damage is told in the result instead.
 */
export async function runRestore(
  ports: RestorePorts,
  snapshot: RestoreSnapshot,
  request: RestoreRequest,
  context: OperationContext = {},
): Promise<RestoreResult> {
  const operation = new RestoreOperation(ports, snapshot, request, context);
  try {
    return await operation.run();
  } catch (error) {
    throw targetFailure(error, operation.target);
  } finally {
    await operation.close();
  }
}

/** A preview that compares no content is made in the caller's thread. */
export function needsThreads({ apply, check }: RestoreRequest): boolean {
  return apply === true || check === true;
}

function requireFolder({ path, status }: Site): void {
  if (status === undefined || status.type === 'directory') return;
  throw new HoldfastError('usage', `${printableName(path)} is not a folder.`, {
    advice: 'Name a folder to restore to; it need not exist yet.',
  });
}

class RestoreOperation {
  readonly #ports: RestorePorts;
  readonly #snapshot: RestoreSnapshot;
  readonly #request: RestoreRequest;
  readonly #context: OperationContext;
  readonly #targets: readonly Target[];
  readonly #selection: Selection;
  readonly #started: number;
  readonly #warnings: string[] = [];
  readonly #damaged: DamagedObject[] = [];
  #sites: Site[] = [];
  /** For each site, whether it is a folder without anything in it. */
  #empty: boolean[] = [];
  #threads: RestoreThreads | undefined;

  constructor(ports: RestorePorts, snapshot: RestoreSnapshot, request: RestoreRequest, context: OperationContext) {
    this.#ports = ports;
    this.#snapshot = snapshot;
    this.#context = context;
    this.#started = ports.clock.monotonic();
    this.#selection = new Selection(request.paths);
    this.#targets = targetsOf(request, snapshot.body.paths, snapshot.layout, this.#selection);
    refuseRepository(this.#targets, ports.repositoryFolder);
    this.#request = request;
  }

  /** For messages. */
  get target(): ByteString {
    return this.#targets[0]?.path ?? ('/' as ByteString);
  }

  async run(): Promise<RestoreResult> {
    const apply = this.#request.apply === true;
    if (apply) await this.#recover();
    if (needsThreads(this.#request)) this.#threads = this.#startThreads();
    this.#openSites();
    const known = apply && this.#isAllNew() ? undefined : await this.#plan();
    if (!apply || known?.plan.changesNothing === true) return this.#result(known?.plan ?? new Plan(), apply);
    return this.#apply(known);
  }

  async close(): Promise<void> {
    await this.#threads?.close();
    for (const site of this.#sites) closeSite(this.#ports.posix, site);
    this.#sites = [];
  }

  /** What an earlier restore to the same place left. One that is still at work there is not to be disturbed. */
  async #recover(): Promise<void> {
    const { posix, identity } = this.#ports;
    const journals = new Set(this.#targets.flatMap(({ path }) => findJournals(posix, path)));
    for (const { target, outcome, problem, journal } of await recoverRestores(posix, [...journals], identity)) {
      const concerned = this.#targets.some(({ path }) => printableName(path) === target);
      if (outcome === 'running' && concerned) {
        throw new HoldfastError('locked', `Another restore to ${target} is at work.`, {
          advice: `Wait for it. Its journal is ${journal}.`,
          retryable: true,
        });
      }
      if (outcome === 'failed')
        throw new HoldfastError('failed', `An earlier restore to ${target} cannot be ended: ${problem}`);
      if (outcome !== 'running') this.#warn(`An earlier restore to ${target} was interrupted; it is ${outcome} now.`);
    }
  }

  #openSites(): void {
    for (const { path } of this.#targets) {
      const site = openSite(this.#ports.posix, path);
      this.#sites.push(site);
      if (this.#request.to !== undefined) requireFolder(site);
    }
    this.#empty = this.#sites.map(({ target }) => target >= 0 && isEmpty(this.#ports.posix, target));
  }

  /** Nothing can be changed, deleted or missed, so nothing needs to be known beforehand: looking through a long list of files takes its time. */
  #isAllNew(): boolean {
    return this.#sites.every(({ status }, number) => status === undefined || this.#empty[number] === true);
  }

  /** An empty folder is as good as none: nobody would miss what it is now. */
  #asCounted(step: Step, number: number): Step {
    const isNew = step.path === '' && step.action === 'metadata' && this.#empty[number] === true;
    return isNew ? { ...step, action: 'add' } : step;
  }

  /** Looks at everything and counts, target by target. */
  async #plan(): Promise<KnownPlan> {
    const plan = new Plan();
    const byTarget = this.#targets.map(() => new Plan());
    this.#progress({ phase: 'plan' });
    const survey = this.#survey(this.#deletes());
    try {
      await survey.run(async (steps, number) => {
        for (const step of steps) {
          const counted = this.#asCounted(step, number);
          plan.add(counted, shownPath(this.#targets[number] as Target, step));
          (byTarget[number] as Plan).add(counted, step.path);
        }
      });
    } finally {
      survey.close();
    }
    this.#selection.requireAllMet(this.#snapshot.id.slice(0, 8));
    if (this.#damaged.length > 0 && this.#request.delete === true) {
      this.#warn('A part of the list of files is damaged, so nothing is deleted.');
      return { ...(await this.#planWithoutDeleting()), byTarget };
    }
    return { plan, byTarget, survey };
  }

  async #planWithoutDeleting(): Promise<Pick<KnownPlan, 'plan' | 'survey'>> {
    const plan = new Plan();
    const survey = this.#survey(false);
    try {
      await survey.run(async (steps, number) => {
        for (const step of steps) plan.add(step, shownPath(this.#targets[number] as Target, step));
      });
    } finally {
      survey.close();
    }
    return { plan, survey };
  }

  #deletes(): boolean {
    // What a damaged part of the manifest had is not to be taken for something that the snapshot lacks.
    return this.#request.delete === true && this.#damaged.length === 0;
  }

  #survey(deletes: boolean): Survey {
    const { posix } = this.#ports;
    const keepGoing = this.#request.keepGoing === true;
    return new Survey({
      posix,
      content: this.#snapshot.content,
      request: { ...this.#request, delete: deletes },
      layout: this.#snapshot.layout,
      selection: this.#selection,
      targets: this.#targets,
      sites: this.#sites,
      threads: this.#threads,
      onDamage: keepGoing ? (damaged) => this.#noteDamage(damaged) : undefined,
      signal: this.#context.signal,
    });
  }

  async #apply(known: KnownPlan | undefined): Promise<RestoreResult> {
    const safetySnapshot = await this.#safety(known);
    throwIfAborted(this.#context.signal);
    const parents = this.#targets.flatMap(({ path }) => makeParents(path));
    const run = new StageRun(
      this.#ports,
      this.#threads as RestoreThreads,
      this.#snapshot,
      this.#request,
      this.#context,
    );
    const plan = new Plan();
    try {
      if (parents.length > 0) this.#reopenSites();
      const modes = this.#targets.map((target, number) => this.#modeOf(target, number, known));
      run.open(this.#targets, this.#sites, modes);
      const survey = this.#survey(this.#deletes());
      try {
        await survey.run(async (steps, number) => {
          for (const step of steps) {
            plan.add(this.#asCounted(step, number), shownPath(this.#targets[number] as Target, step));
          }
          await run.take(steps, number);
        });
        this.#selection.requireAllMet(this.#snapshot.id.slice(0, 8));
        await run.finish();
      } finally {
        survey.close();
      }
      const { keptOld } = await run.swap();
      for (const damaged of run.damaged) this.#noteDamage(damaged);
      this.#warnings.push(...run.warnings(survey.leftOut, this.#request.devices === true));
      return { ...this.#result(plan, true, survey), safetySnapshot, keptOld };
    } catch (error) {
      await run.rollBack();
      removeParents(parents);
      throw error;
    } finally {
      run.close();
    }
  }

  #reopenSites(): void {
    for (const site of this.#sites) closeSite(this.#ports.posix, site);
    this.#sites = [];
    this.#openSites();
  }

  async #safety(known: KnownPlan | undefined): Promise<string | null> {
    if ((this.#request.safety ?? 'backup') !== 'backup' || known?.plan.touchesExisting !== true) return null;
    this.#progress({ phase: 'safety backup' });
    const paths = this.#targets
      .filter((_, number) => this.#sites[number]?.status !== undefined)
      .map(({ path }) => path);
    try {
      return await this.#ports.safetyBackup(paths);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'interrupted') throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new HoldfastError(
        'pre_restore_failed',
        `What ${paths.map(printableName).join(', ')} holds could not be backed up first: ${reason}`,
        {
          advice: 'Nothing was changed. Mend that, or choose --safety keep-old.',
          cause: error,
        },
      );
    }
  }

  /** How a target becomes new: as a whole where that is possible and cheap. */
  #modeOf({ path }: Target, number: number, known: KnownPlan | undefined): TargetMode {
    const site = this.#sites[number] as Site;
    const mounts = mountsOf(path, readMountPoints());
    const beside = canBeBeside(this.#ports.posix, site, mounts.onTarget, this.#ports.identity);
    if (site.target < 0) return { whole: true, inside: false, mounts: [] };
    const plan = known?.byTarget[number];
    const untouched = plan?.untouched ?? 0;
    const cheap = untouched <= FEW_UNTOUCHED || untouched <= MANY_UNTOUCHED * (plan?.itemsTotal ?? 0);
    // A kept tree that shares its files with the live one would change with it.
    const shares = this.#request.safety === 'keep-old' && untouched > 0;
    const whole = beside && mounts.inside.length === 0 && this.#selection.everything && cheap && !shares;
    return { whole, inside: !beside, mounts: mounts.inside };
  }

  #noteDamage(damaged: DamagedObject): void {
    const known = this.#damaged.find(({ object }) => object === damaged.object);
    if (known === undefined) this.#damaged.push({ ...damaged, files: [...damaged.files] });
    const fresh = damaged.files.filter((file) => known?.files.includes(file) === false);
    known?.files.push(...fresh.slice(0, Math.max(0, MOST_FILES - known.files.length)));
    // One path may stand for a whole stretch of entries whose names are lost.
    if (known !== undefined && fresh.length > 0) {
      known.filesTotal += damaged.filesTotal - (damaged.files.length - fresh.length);
    }
  }

  #result(plan: Plan, applied: boolean, survey?: Survey): RestoreResult {
    const { body, id } = this.#snapshot;
    const { added, changed, deleted, unchanged, bytes, items, itemsTotal } = plan;
    return {
      snapshot: id,
      time: body.time,
      target: this.#targets.map(({ path }) => printableName(path)).join(', '),
      applied,
      added,
      changed,
      deleted,
      unchanged,
      bytes,
      items,
      itemsTotal,
      safetySnapshot: null,
      keptOld: null,
      damaged: this.#damaged,
      losses: survey === undefined ? [] : this.#losses(survey),
      planHash: planHash(
        id,
        this.#targets.map(({ path }) => path),
        this.#request,
      ),
      warnings: this.#warnings,
      durationMs: Math.round(this.#ports.clock.monotonic() - this.#started),
    };
  }

  /** Only what matters to this snapshot. Holes are restored by every implementation. */
  #losses({ leftOut }: Survey): string[] {
    const { capabilities } = this.#ports.posix;
    return lossesOf({
      ...capabilities,
      holes: true,
      xattrs: capabilities.xattrs || !leftOut.xattrs,
      specialFiles: capabilities.specialFiles || leftOut.fifos + leftOut.devices === 0,
    });
  }

  #startThreads(): RestoreThreads {
    const { ring, repositoryId } = this.#ports.keys;
    const { posix, threads, workers = startRestoreWorkers(threads) } = this.#ports;
    const setup = {
      idSecret: ring.idSecret,
      epochs: ring.epochs,
      repositoryId,
      posix: posix.name === 'native' ? ('auto' as const) : ('off' as const),
      syncEach: !posix.capabilities.syncFilesystem,
      openFolders: Math.max(FEWEST_OPEN_FOLDERS, Math.floor(OPEN_FOLDERS / Math.max(1, workers.length))),
    };
    return createRestoreThreads(workers, setup, posix);
  }

  #progress(event: Parameters<NonNullable<OperationContext['onProgress']>>[0]): void {
    this.#context.onProgress?.(event);
  }

  #warn(message: string): void {
    this.#warnings.push(message);
    this.#context.onWarning?.(message);
  }
}

interface KnownPlan {
  plan: Plan;
  byTarget: Plan[];
  survey: Survey;
}
