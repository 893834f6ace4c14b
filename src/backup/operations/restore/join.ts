import type { ByteString } from '../../../shared/bytes.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import { comparePaths, type EntryType } from '../../entry.ts';
import { isValidPath } from '../../format/manifest.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import type { FileStatus } from '../../posix/file-status.ts';
import type { Comparison } from './compare.ts';
import type { Selection } from './selection.ts';
import type { FoundEntry, TargetWalk } from './target-walk.ts';

export type Action = 'add' | 'change' | 'metadata' | 'same' | 'delete' | 'keep';

/** A character above U+00FF would lose its high byte on the way: U+012F would become a slash. */
const NOT_BYTES = /[\u0100-\uffff]/;

/** What is to become of one path of the target. */
export interface Step {
  action: Action;
  /** Below the target; '' is the target itself. */
  path: ByteString;
  /** What the snapshot has, as it is to be restored; absent for `delete` and `keep`. */
  entry: StoredEntry | undefined;
  /** What the target has; absent for `add`. */
  found: FileStatus | undefined;
  /** A hard link to this path below the target, which is restored as well. */
  linkTo: ByteString | undefined;
}

export interface JoinOptions {
  /** Where the target's entries begin in the manifest: '' or the name of one of several. */
  source: ByteString;
  selection: Selection;
  /** Remove what the snapshot does not have. */
  delete: boolean;
  /** Folders may be missing from the manifest: a part of it is damaged. */
  lenient: () => boolean;
  /** Types that are left out. */
  skipped: ReadonlySet<EntryType>;
  /** The entry as it is to be restored: owner and mode as the request wants them. */
  adapt: (entry: StoredEntry) => StoredEntry;
  comparison: Comparison;
}

/**
 * Merges the manifest with the target, both in manifest order, in bounded memory. Paths of entries are checked again here, at the
 * point of use: valid, strictly ascending, below folders that came before.
 */
export class Join {
  readonly #walk: TargetWalk;
  readonly #options: JoinOptions;
  readonly #folders: ByteString[] = [];
  #last: ByteString | undefined;
  /** The snapshot has one object that is no folder, so nothing can lie in it. */
  #single = false;
  /** What the target has here stays, with all that is in it. */
  #kept: ByteString | undefined;
  /** What lies below is gone with it: a folder that becomes something else. */
  #replaced: ByteString | undefined;
  /** What would be played into databases that are restored: it belongs to those that are there now, and goes with them. */
  readonly #outdated = new Set<ByteString>();
  /** Objects of the target with several names: which group of the snapshot each was matched with, and the other way round. */
  readonly #groupOfInode = new Map<bigint, ByteString>();
  readonly #inodeOfGroup = new Map<ByteString, bigint>();

  constructor(walk: TargetWalk, options: JoinOptions) {
    this.#walk = walk;
    this.#options = options;
  }

  /** The next entry of the manifest, which lies at or below `source`. */
  feed(entry: StoredEntry, steps: Step[]): void {
    const { source, selection } = this.#options;
    const path = below(entry.path, source);
    this.#check(entry, path);
    const selected = selection.of(entry.path);
    selection.meet(entry.path);
    if (selected === 'outside') return;
    if (selected === 'above' && entry.type !== 'directory') return;
    this.#extras(path, steps);
    const present = this.#walk.peek();
    const found = present?.path === path ? present.status : undefined;
    if (selected === 'above') this.#container(path, entry, found, steps);
    else this.#selected(path, entry, found, steps);
  }

  /** What the target has behind the last entry. */
  finish(steps: Step[]): void {
    this.#extras(undefined, steps);
  }

  #selected(path: ByteString, entry: StoredEntry, found: FileStatus | undefined, steps: Step[]): void {
    const { adapt, skipped, comparison } = this.#options;
    if (skipped.has(entry.type)) {
      if (found !== undefined) this.#keep(path, found, steps);
      return;
    }
    const wanted = adapt(entry);
    const linkTo = this.#linkTo(entry);
    const outdated = entry.type === 'file' && this.#outdate(path);
    if (found === undefined) {
      steps.push({ action: 'add', path, entry: wanted, found, linkTo });
      return;
    }
    const verdict = comparison.compare(path, wanted, found);
    const sameGroup = verdict !== 'same' || this.#sameGroup(entry, found);
    // What is committed in a log is in no size or time of the database itself.
    const action = verdict === 'content' || !sameGroup || outdated ? 'change' : verdict;
    steps.push({ action, path, entry: wanted, found, linkTo });
    if (found.type === 'directory' && wanted.type !== 'directory') this.#replaced = path;
    this.#walk.advance();
  }

  /** True where the target has logs of SQLite for a database at `path`, which must not meet the one that is restored. */
  #outdate(path: ByteString): boolean {
    const logs = this.#walk.liveLogs(path);
    if (path === '' && logs.length > 0) {
      const names = logs.map(printableName).join(' and ');
      throw new HoldfastError('refused', `${names} beside the target belongs to the database that is there now.`, {
        advice: 'Stop what uses that database and let it close it, or restore to another folder with --to.',
      });
    }
    for (const log of logs) this.#outdated.add(log);
    return logs.length > 0;
  }

  /** A folder on the way to what is selected: made where it is missing, else left alone. */
  #container(path: ByteString, entry: StoredEntry, found: FileStatus | undefined, steps: Step[]): void {
    if (found?.type === 'directory') {
      steps.push({ action: 'keep', path, entry: undefined, found, linkTo: undefined });
      this.#walk.advance();
      return;
    }
    const action = found === undefined ? 'add' : 'change';
    steps.push({ action, path, entry: this.#options.adapt(entry), found, linkTo: undefined });
    if (found !== undefined) this.#walk.advance();
  }

  #keep(path: ByteString, found: FileStatus, steps: Step[]): void {
    steps.push({ action: 'keep', path, entry: undefined, found, linkTo: undefined });
    if (found.type === 'directory') this.#kept = path;
    this.#walk.advance();
  }

  /** Everything in the target before `path`; all that is left where it is undefined. */
  #extras(path: ByteString | undefined, steps: Step[]): void {
    for (let found = this.#walk.peek(); found !== undefined; found = this.#walk.peek()) {
      if (path !== undefined && comparePaths(found.path, path) >= 0) return;
      this.#extra(found, steps);
    }
  }

  #extra({ path, status }: FoundEntry, steps: Step[]): void {
    const { source, selection } = this.#options;
    const replaced = this.#replaced !== undefined && isBelow(path, this.#replaced);
    const selected = selection.of(join(source, path));
    // The target itself stays, whether or not the snapshot says something of it.
    const kept = path === '' || (this.#kept !== undefined && isBelow(path, this.#kept));
    const outdated = this.#outdated.delete(path);
    const goes = replaced || outdated || (this.#options.delete && selected === 'inside' && !kept);
    steps.push({ action: goes ? 'delete' : 'keep', path, entry: undefined, found: status, linkTo: undefined });
    if (selected === 'outside' && !replaced) this.#walk.skip();
    else this.#walk.advance();
  }

  /** The first of an entry's hard-link group, where that is restored too; a first one that is not makes room for the next. */
  #linkTo({ path, hardlink }: StoredEntry): ByteString | undefined {
    const { source, selection } = this.#options;
    if (hardlink === undefined) return undefined;
    if (!isValidPath(hardlink) || comparePaths(hardlink, path) >= 0) {
      throw new HoldfastError('damaged', `${printableName(path)} is a hard link to what cannot come before it.`);
    }
    const restored = selection.of(hardlink) === 'inside' && (source === '' || isBelow(hardlink, source));
    return restored && hardlink !== '' ? below(hardlink, source) : undefined;
  }

  /** False where names are one object in the target and not in the snapshot, or the other way round. */
  #sameGroup(entry: StoredEntry, { type, nlink, ino }: FileStatus): boolean {
    if (type === 'directory') return true;
    const group = entry.hardlink ?? entry.path;
    if (nlink === 1) return entry.hardlink === undefined;
    const expected = this.#inodeOfGroup.get(group);
    if (entry.hardlink !== undefined && this.#linkTo(entry) !== undefined && expected !== ino) return false;
    const other = this.#groupOfInode.get(ino);
    if (other !== undefined && other !== group) return false;
    this.#groupOfInode.set(ino, group);
    if (expected === undefined) this.#inodeOfGroup.set(group, ino);
    return true;
  }

  #check(entry: StoredEntry, path: ByteString): void {
    const wrong = (problem: string) =>
      new HoldfastError('damaged', `The manifest is malformed: ${printableName(entry.path)} ${problem}.`);
    if (!isValidPath(entry.path) || NOT_BYTES.test(entry.path)) throw wrong('is not allowed as a path');
    if (this.#last !== undefined && comparePaths(this.#last, path) >= 0) throw wrong('is out of order');
    this.#last = path;
    while (this.#folders.length > 0 && !isBelow(path, this.#folders.at(-1) as ByteString)) this.#folders.pop();
    const parent = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    const known = !this.#single && (parent === '' || this.#folders.at(-1) === parent);
    if (path !== '' && !known && !this.#options.lenient()) throw wrong('lies in no folder');
    if (entry.type === 'directory') this.#folders.push(path);
    else if (path === '') this.#single = true;
  }
}

/** `path` counted from `folder`, which is it or lies above it. */
export function below(path: ByteString, folder: ByteString): ByteString {
  if (folder === '') return path;
  return path.slice(folder.length + 1) as ByteString;
}

export function join(folder: ByteString, path: ByteString): ByteString {
  if (folder === '') return path;
  return (path === '' ? folder : `${folder}/${path}`) as ByteString;
}

export function isBelow(path: string, folder: string): boolean {
  return folder === '' ? path !== '' : path.startsWith(`${folder}/`);
}
