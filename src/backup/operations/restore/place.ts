import { writeSync } from 'node:fs';
import type { ByteString } from '../../../shared/bytes.ts';
import { encodeText, toHex } from '../../../shared/bytes.ts';
import { HoldfastError, systemCode } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import type { ProcessIdentity } from '../../../shared/process-identity.ts';
import type { RandomSource } from '../../../shared/random.ts';
import type { FileStatus } from '../../posix/file-status.ts';
import type { Posix } from '../../posix/posix.ts';
import { lastName, parentPath } from '../../posix/safe-path.ts';
import { removeTree } from '../../posix/tree.ts';
import { writeXattrs } from '../../posix/xattrs.ts';
import { JOURNAL_FILE, type JournalHeader } from './journal.ts';
import type { SwapFolders } from './swap.ts';
import { RESERVED_PREFIX } from './target-walk.ts';

export const JOURNAL_PREFIX = `${RESERVED_PREFIX}restore-`;

const NOT_ALLOWED = new Set(['EACCES', 'EPERM', 'EROFS']);
const FRESH = 'new' as ByteString;
const OLD = 'old' as ByteString;
/** The time that the target gets at the very end, in nanoseconds. */
export const LAST_TIME = 'last-time' as ByteString;

/** A target with its journal folder, open. */
export class Place implements SwapFolders {
  readonly posix: Posix;
  readonly path: ByteString;
  readonly inside: boolean;
  readonly parent: number;
  readonly name: ByteString;
  readonly target: number;
  /** What holds the journal folder: `parent`, or `target` where it is inside. */
  readonly holder: number;
  readonly journalName: ByteString;
  readonly journal: number;
  readonly fresh: number;
  readonly old: number;
  /** The target's time before the journal folder was made inside it, in nanoseconds; undefined where it is beside. */
  readonly timeBefore: bigint | undefined;
  readonly #open: number[];

  constructor(posix: Posix, path: ByteString, inside: boolean, open: Opened) {
    this.posix = posix;
    this.path = path;
    this.inside = inside;
    this.name = lastName(path);
    this.parent = open.parent;
    this.target = open.target;
    this.holder = inside ? open.target : open.parent;
    this.journalName = open.journalName;
    this.journal = open.journal;
    this.fresh = open.fresh;
    this.old = open.old;
    this.timeBefore = inside ? open.timeBefore : undefined;
    this.#open = [open.journal, open.fresh, open.old, ...(open.ownsSite ? [open.parent, open.target] : [])];
  }

  /** Absolute path of the journal folder. */
  get journalPath(): ByteString {
    return child(this.inside ? this.path : upwards(this.path), this.journalName);
  }

  close(): void {
    for (const fd of this.#open) if (fd >= 0) this.posix.close(fd);
    this.#open.length = 0;
  }
}

interface Opened {
  parent: number;
  target: number;
  journalName: ByteString;
  journal: number;
  fresh: number;
  old: number;
  timeBefore: bigint | undefined;
  /** `parent` and `target` are closed with the place. */
  ownsSite: boolean;
}

/** What is there before a restore. Nothing is written. */
export interface Site {
  path: ByteString;
  /** What holds the target; -1 where nothing does or it may not be read. */
  parent: number;
  /** -1 where the target is no folder. */
  target: number;
  status: FileStatus | undefined;
}

/** Opens a target and what holds it, where they exist. */
export function openSite(posix: Posix, path: ByteString): Site {
  if (path === '/') {
    const target = posix.openRoot(path);
    return { path, parent: -1, target, status: posix.status(target) };
  }
  let parent: number;
  try {
    parent = posix.openRoot(upwards(path));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { path, parent: -1, target: -1, status: undefined };
    if (systemCode(error) !== 'EACCES') throw error;
    // What holds the target may be passed through but not read.
    const target = posix.openRoot(path);
    return { path, parent: -1, target, status: posix.status(target) };
  }
  try {
    const status = statusOf(posix, parent, lastName(path));
    const target = status?.type === 'directory' ? posix.openDirectory(parent, lastName(path)) : -1;
    return { path, parent, target, status };
  } catch (error) {
    posix.close(parent);
    throw error;
  }
}

export function closeSite(posix: Posix, site: Site): void {
  for (const fd of [site.parent, site.target]) if (fd >= 0) posix.close(fd);
}

/** True where the journal folder can be beside the target: on its file system, in a folder that may be written to. */
export function canBeBeside(posix: Posix, site: Site, onMount: boolean, identity: ProcessIdentity): boolean {
  if (site.parent < 0 || onMount) return false;
  if (site.status !== undefined && posix.status(site.parent).dev !== site.status.dev) return false;
  // Asking whether it would be allowed is not the same: quotas, attributes and labels have their say as well.
  const probe = journalNameFor(identity, '00');
  try {
    posix.makeDirectory(site.parent, probe, 0o700);
  } catch (error) {
    if (NOT_ALLOWED.has(systemCode(error) ?? '')) return false;
    throw error;
  }
  posix.removeDirectory(site.parent, probe);
  return true;
}

/** Tells whose it is and, of a target that holds it, the time before, should its process die before it has written more. */
function journalNameFor({ pid, pidStart }: ProcessIdentity, token: string, timeBefore?: bigint): ByteString {
  const time = timeBefore === undefined ? '' : `-${timeBefore}`;
  return `${JOURNAL_PREFIX}${pid}-${pidStart}-${token}${time}` as ByteString;
}

const TIME_IN_NAME = /(-(\d+)-(\d+)-[0-9a-f]+)(?:-(-?\d+))?$/;

/** What the name of a journal folder tells; undefined for another name. */
export function parseJournalName(
  name: ByteString,
): { pid: number; pidStart: number; timeBefore: bigint | undefined } | undefined {
  const [, , pid, pidStart, time] = TIME_IN_NAME.exec(name) ?? [];
  if (pid === undefined) return undefined;
  return { pid: Number(pid), pidStart: Number(pidStart), timeBefore: time === undefined ? undefined : BigInt(time) };
}

/** Makes an empty journal folder for a site. It is for its owner alone, and inherits no ACL. */
export function createPlace(
  posix: Posix,
  site: Site,
  inside: boolean,
  identity: ProcessIdentity,
  random: RandomSource,
): Place {
  const holder = inside ? site.target : site.parent;
  const journalName = journalNameFor(identity, toHex(random.bytes(4)), inside ? site.status?.mtimeNs : undefined);
  posix.makeDirectory(holder, journalName, 0o700);
  const journal = posix.openDirectory(holder, journalName);
  posix.setMode(journal, 0o700);
  posix.setOwner(journal, ownId('geteuid'), ownId('getegid'));
  posix.setMode(journal, 0o700);
  writeXattrs(posix, journal, []);
  const fresh = openOrMake(posix, journal, FRESH);
  const old = openOrMake(posix, journal, OLD);
  posix.sync(journal);
  posix.sync(holder);
  return new Place(posix, site.path, inside, {
    parent: site.parent,
    target: site.target,
    journalName,
    journal,
    fresh,
    old,
    timeBefore: site.status?.mtimeNs,
    ownsSite: false,
  });
}

function ownId(call: 'geteuid' | 'getegid'): number {
  return process[call]?.() ?? -1;
}

/** Opens a journal folder that an earlier restore left, with its target. Throws `refused` for one that this user has not made. */
export function openPlace(
  posix: Posix,
  { target, inside, timeBefore }: Pick<JournalHeader, 'target' | 'inside' | 'timeBefore'>,
  journalName: ByteString,
): Place {
  const site = openSite(posix, target);
  const opened: number[] = [];
  try {
    const holder = inside ? site.target : site.parent;
    if (holder < 0) throw new HoldfastError('not_found', `${printableName(target)} is gone.`);
    const journal = openOwn(posix, holder, journalName);
    opened.push(journal);
    const fresh = openOrMake(posix, journal, FRESH);
    opened.push(fresh);
    const old = openOrMake(posix, journal, OLD);
    opened.push(old);
    const before = timeBefore === null ? undefined : BigInt(timeBefore);
    const { parent, target: folder } = site;
    const open = { parent, target: folder, journalName, journal, fresh, old, timeBefore: before, ownsSite: true };
    return new Place(posix, target, inside, open);
  } catch (error) {
    for (const fd of opened) posix.close(fd);
    closeSite(posix, site);
    throw error;
  }
}

/** Opens a folder for its owner alone, and makes it where it is missing. */
export function openOrMake(posix: Posix, dir: number, name: ByteString): number {
  try {
    posix.makeDirectory(dir, name, 0o700);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
  return posix.openDirectory(dir, name);
}

/** A journal tells what to move where: it must be one that nobody else could have made or written to. */
export function openOwn(posix: Posix, holder: number, journalName: ByteString): number {
  const journal = posix.openDirectory(holder, journalName);
  const { uid, mode } = posix.status(journal);
  if (uid === (process.geteuid?.() ?? -1) && (mode & 0o077) === 0) return journal;
  posix.close(journal);
  throw new HoldfastError('refused', `${printableName(journalName)} belongs to somebody else.`, {
    advice: 'Run as the user who started that restore; as that user, any command finishes it.',
  });
}

/** Removes the journal folder with everything in it: the restore is over. `time` is what a target gets that held the folder. */
export function removeJournal(place: Place, time: bigint | undefined): void {
  if (place.inside && time !== undefined) writeLastTime(place, time);
  // First, so that whatever a crash leaves of the folder is known to be of no use.
  place.posix.unlink(place.journal, JOURNAL_FILE);
  removeEnded(place.posix, place.holder, place.journalName, place.inside ? time : undefined);
}

/** Removes a journal folder without a journal. `time` is what the target gets that holds it; the name keeps it until the folder is gone. */
export function removeEnded(posix: Posix, holder: number, name: ByteString, time: bigint | undefined): void {
  if (time === undefined) removeTree(posix, holder, name);
  else {
    const ended = name.replace(TIME_IN_NAME, `$1-${time}`) as ByteString;
    if (ended !== name) posix.rename(holder, name, holder, ended);
    removeTree(posix, holder, ended);
    posix.setTimes(holder, time);
  }
  posix.sync(holder);
}

/** For whoever removes the folder, should this process die. */
function writeLastTime({ posix, journal }: Place, time: bigint): void {
  const unfinished = `${LAST_TIME}.new` as ByteString;
  for (const name of [unfinished, LAST_TIME])
    if (statusOf(posix, journal, name) !== undefined) posix.unlink(journal, name);
  const fd = posix.createFile(journal, unfinished, 0o600);
  try {
    writeSync(fd, String(time));
  } finally {
    posix.close(fd);
  }
  posix.rename(journal, unfinished, journal, LAST_TIME);
}

/** A name for what was there before, beside the journal folder. */
export function keptName(target: ByteString, inside: boolean, time: string): ByteString {
  const stamp = encodeText(time.replace(/[-:]/g, '').replace(/\.\d+Z$/, 'Z'));
  const name = `before-restore-${stamp}`;
  return (inside ? `${RESERVED_PREFIX}${name}` : `${lastName(target).slice(0, 200)}.${name}`) as ByteString;
}

function statusOf(posix: Posix, dir: number, name: ByteString): FileStatus | undefined {
  try {
    return posix.statusAt(dir, name);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The folder that holds an absolute path. */
export function upwards(path: ByteString): ByteString {
  return (parentPath(path) || '/') as ByteString;
}

export function child(folder: ByteString, name: ByteString): ByteString {
  return (folder === '/' ? `/${name}` : `${folder}/${name}`) as ByteString;
}
