import type { ByteString } from '../../../shared/bytes.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import type { Entry } from '../../entry.ts';
import type { FileStatus } from '../../posix/file-status.ts';
import type { Posix } from '../../posix/posix.ts';
import { lastName, parentPath, SafePath } from '../../posix/safe-path.ts';
import { readXattrs } from '../../posix/xattrs.ts';
import { isBelow, join, type Step } from './join.ts';
import type { Place } from './place.ts';
import type { StageWriter } from './stage-writer.ts';
import { identityOf } from './swap.ts';
import type { FolderChange, FolderMetadata, SwapPlan, Unit } from './units.ts';

/** Turns the steps for one target into work for the stage, and remembers what the swap will have to do. */
export interface StageLayout {
  /** A promise only where something has to be waited for: steps come by the hundred thousand. */
  take(step: Step): Promise<void> | void;
  /** Everything has been taken. */
  end(): void;
  /** Where a path below the stage goes, below the target. */
  goalOf(path: ByteString): ByteString;
  /** What to swap, when everything is staged. */
  swapPlan(): SwapPlan;
  close(): void;
}

/**
 * The whole target is staged anew, next to it, and then takes its place in one step: what is not touched gets a second name in the stage,
 * folders are made again.
 */
export class WholeLayout implements StageLayout {
  readonly #place: Place;
  readonly #stage: StageWriter;
  readonly #paths: SafePath | undefined;
  /** The target's own folder where neither the snapshot nor the target has one. */
  readonly #root: Entry;
  #begun = false;

  constructor(place: Place, stage: StageWriter, root: Entry) {
    this.#place = place;
    this.#stage = stage;
    this.#paths = place.target < 0 ? undefined : new SafePath(place.posix, place.target);
    this.#root = root;
  }

  take(step: Step): Promise<void> | void {
    if (!this.#begun && step.path !== '') this.end();
    this.#begun = true;
    if (step.action === 'delete') return;
    const to = staged(0, step.path);
    const { entry, found, path, linkTo } = step;
    if (step.action === 'keep' || step.action === 'same') return this.#carry(to, step);
    if (entry === undefined) throw new HoldfastError('internal', 'A step has nothing to restore.');
    const instead = found === undefined || found.type === 'directory' ? undefined : path;
    if (entry.type === 'directory') return this.#stage.addFolder(to, entry);
    if (linkTo !== undefined) return this.#stage.addJoined(to, staged(0, linkTo), entry, instead);
    return this.#stage.addMade(to, entry, instead);
  }

  end(): void {
    if (!this.#begun) this.#stage.addFolder(staged(0, '' as ByteString), this.#root);
    this.#begun = true;
  }

  goalOf(path: ByteString): ByteString {
    return path.slice(2) as ByteString;
  }

  swapPlan(): SwapPlan {
    const unit = putUnit(this.#place, this.#stage, 0, '' as ByteString);
    return { units: unit === undefined ? [] : [unit], folders: [] };
  }

  close(): void {
    this.#paths?.close();
  }

  #carry(to: ByteString, { path, entry, found }: Step): void {
    if (found?.type !== 'directory') {
      this.#stage.addCarried(to, path, entry ?? asEntry(found as FileStatus, []));
      return;
    }
    const folder = entry ?? asEntry(found, folderXattrs(this.#place.posix, this.#paths, path));
    this.#stage.addFolder(to, folder);
  }
}

interface OpenFolder {
  path: ByteString;
  /** What the snapshot says of it, where that is to be restored. */
  entry: Entry | undefined;
  found: FileStatus;
  change: boolean;
}

/**
 * Only what differs is staged: the uppermost objects that are new, changed or to go are the units of the swap. For targets that
 * cannot be exchanged as a whole, or of which little changes.
 */
export class UnitLayout implements StageLayout {
  readonly #place: Place;
  readonly #stage: StageWriter;
  readonly #paths: SafePath;
  /** Paths below the target on which something is mounted. */
  readonly #mounts: readonly ByteString[];
  readonly #units: Omit<Unit, 'identity'>[] = [];
  readonly #unitOf = new Map<string, number>();
  readonly #folders: FolderChange[] = [];
  readonly #open: OpenFolder[] = [];
  #unit: Omit<Unit, 'identity'> | undefined;

  constructor(place: Place, stage: StageWriter, mounts: readonly ByteString[]) {
    this.#place = place;
    this.#stage = stage;
    this.#paths = new SafePath(place.posix, place.target);
    this.#mounts = mounts;
  }

  take(step: Step): Promise<void> | void {
    this.#leave(step.path);
    if (this.#unit !== undefined && !isBelow(step.path, this.#unit.path)) this.#unit = undefined;
    if (step.action === 'keep' || step.action === 'same' || isFolderMetadata(step)) return this.#stay(step);
    refuseMounted(step, this.#mounts);
    if (this.#unit === undefined) this.#begin(step);
    if (step.action !== 'delete') return this.#put(step, this.#unit as Unit);
  }

  end(): void {
    this.#leave(undefined);
  }

  goalOf(path: ByteString): ByteString {
    const slash = path.indexOf('/');
    const top = this.#units[Number(slash < 0 ? path : path.slice(0, slash))]?.path ?? ('' as ByteString);
    return slash < 0 ? top : join(top, path.slice(slash + 1) as ByteString);
  }

  swapPlan(): SwapPlan {
    const units = this.#units.flatMap(({ number, path, how }): Unit[] => {
      if (how === 'delete') return [{ number, path, how, identity: undefined }];
      const unit = putUnit(this.#place, this.#stage, number, path);
      return unit === undefined ? [] : [unit];
    });
    // Innermost folders were left first; the swap wants them in manifest order.
    return { units, folders: this.#folders.toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
  }

  close(): void {
    this.#paths.close();
  }

  /** A folder that stays is gone through; anything else that stays needs nothing. */
  #stay({ path, entry, found, action }: Step): void {
    if (found?.type === 'directory') this.#open.push({ path, entry, found, change: action === 'metadata' });
  }

  #begin(step: Step): void {
    const number = this.#units.length;
    this.#unit = { number, path: step.path, how: step.action === 'delete' ? 'delete' : 'put' };
    this.#units.push(this.#unit);
    this.#unitOf.set(step.path, number);
    // The swap changes the time of the folder that it works in.
    const folder = this.#open.at(-1);
    if (folder !== undefined && folder.path === parentPath(step.path)) folder.change = true;
  }

  #put({ path, entry, linkTo }: Step, unit: Omit<Unit, 'identity'>): Promise<void> | void {
    if (entry === undefined) throw new HoldfastError('internal', 'A step has nothing to restore.');
    const to = staged(unit.number, restOf(path, unit.path));
    if (entry.type === 'directory') return this.#stage.addFolder(to, entry);
    if (linkTo === undefined) return this.#stage.addMade(to, entry, undefined);
    const first = this.#stagedPlace(linkTo);
    if (first === undefined) this.#stage.addJoinedToTarget(to, linkTo, entry);
    else this.#stage.addJoined(to, first, entry, undefined);
  }

  /** Where a path that came before is staged; undefined where it stays as it is. */
  #stagedPlace(path: ByteString): ByteString | undefined {
    for (let at: ByteString = path; ; at = parentPath(at)) {
      const number = this.#unitOf.get(at);
      if (number !== undefined) return staged(number, restOf(path, at));
      if (at === '') return undefined;
    }
  }

  #leave(next: ByteString | undefined): void {
    for (let folder = this.#open.at(-1); folder !== undefined; folder = this.#open.at(-1)) {
      if (next !== undefined && isBelow(next, folder.path)) return;
      this.#open.pop();
      if (folder.change && folder.entry !== undefined) this.#folders.push(this.#change(folder, folder.entry));
    }
  }

  #change({ path, found }: OpenFolder, entry: Entry): FolderChange {
    const { mode, uid, gid, mtimeNs, xattrs } = entry;
    const before = folderXattrs(this.#place.posix, this.#paths, path);
    const after: FolderMetadata = { mode, uid, gid, mtimeNs, xattrs: xattrs ?? [] };
    const { mode: oldMode, uid: oldUid, gid: oldGid, mtimeNs: oldTime } = found;
    return { path, before: { mode: oldMode, uid: oldUid, gid: oldGid, mtimeNs: oldTime, xattrs: before }, after };
  }
}

function isFolderMetadata({ action, entry }: Step): boolean {
  return action === 'metadata' && entry?.type === 'directory';
}

function refuseMounted({ path }: Step, mounts: readonly ByteString[]): void {
  const mount = mounts.find((point) => path === point || isBelow(path, point));
  if (mount === undefined) return;
  throw new HoldfastError('refused', `Another file system is mounted on ${printableName(mount)} in the target.`, {
    advice: 'Restore what belongs there by itself, with --path and --to; or unmount it.',
  });
}

/** Undefined where the object is damaged and has been left out. */
function putUnit(place: Place, stage: StageWriter, number: number, path: ByteString): Unit | undefined {
  const name = staged(number, '' as ByteString);
  if (stage.isLost(name)) return undefined;
  return { number, path, how: 'put', identity: identityOf(place.posix.statusAt(place.fresh, name)) };
}

/** The place below the stage of what is at `rest` in a unit. */
function staged(unit: number, rest: ByteString): ByteString {
  return (rest === '' ? String(unit) : `${unit}/${rest}`) as ByteString;
}

function restOf(path: ByteString, top: ByteString): ByteString {
  if (path === top) return '' as ByteString;
  return (top === '' ? path : path.slice(top.length + 1)) as ByteString;
}

function asEntry({ type, mode, uid, gid, mtimeNs, size }: FileStatus, xattrs: Entry['xattrs']): Entry {
  return { path: '' as ByteString, type, mode, uid, gid, mtimeNs, size, xattrs };
}

function folderXattrs(posix: Posix, paths: SafePath | undefined, path: ByteString) {
  if (paths === undefined || !posix.capabilities.xattrs) return [];
  if (path === '') return readXattrs(posix, paths.directory(path));
  return readXattrs(posix, { dir: paths.directory(parentPath(path)), name: lastName(path) });
}
