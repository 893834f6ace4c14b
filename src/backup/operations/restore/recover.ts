import { writeSync } from 'node:fs';
import type { ByteString } from '../../../shared/bytes.ts';
import { encodeText } from '../../../shared/bytes.ts';
import { systemCode } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import { localProcessFate, type ProcessIdentity, processFate } from '../../../shared/process-identity.ts';
import type { Posix } from '../../posix/posix.ts';
import { lastName } from '../../posix/safe-path.ts';
import { removeTree } from '../../posix/tree.ts';
import { cleanUp, discard, type Remover, type StagedTarget, swapBack } from './conclude.ts';
import { Journal, type JournalContent, readJournal, readText } from './journal.ts';
import {
  child,
  JOURNAL_PREFIX,
  LAST_TIME,
  openOwn,
  openPlace,
  type Place,
  parseJournalName,
  removeEnded,
  upwards,
} from './place.ts';
import { Swap } from './swap.ts';
import { readSwapPlan } from './units.ts';

export interface Recovery {
  /** Path of the journal folder, printable. */
  journal: string;
  /** Printable; empty where nothing says what it was. */
  target: string;
  /** `finished`: the target is new. `undone`: it is as before. `running`: its process lives, or may live where this one cannot see it. */
  outcome: 'finished' | 'undone' | 'running' | 'failed';
  /** Why it failed. */
  problem: string;
}

/** Paths of the journal folders that lie beside or inside a target. */
export function findJournals(posix: Posix, target: ByteString): ByteString[] {
  const folders = target === '/' ? [target] : [upwards(target), target];
  return folders.flatMap((folder) =>
    namesIn(posix, folder)
      .filter((name) => name.startsWith(JOURNAL_PREFIX))
      .map((name) => child(folder, name)),
  );
}

/**
 * Finishes or undoes restores whose process has died, by their journal folders: each is finished when all its new content was in place to be
 * swapped, else undone. May be killed itself and be repeated; of several at once only one acts.
 */
export async function recoverRestores(
  posix: Posix,
  journals: readonly ByteString[],
  self: ProcessIdentity,
  remove: Remover = removeHere,
): Promise<Recovery[]> {
  const recoveries: Recovery[] = [];
  for (const journal of journals) {
    const recovery = await recoverOne(posix, journal, self, remove);
    if (recovery !== undefined) recoveries.push(recovery);
  }
  return recoveries;
}

async function removeHere(place: Place, names: ByteString[]): Promise<void> {
  for (const name of names) removeTree(place.posix, place.journal, name);
}

/** Undefined where there is nothing any more. */
async function recoverOne(
  posix: Posix,
  path: ByteString,
  self: ProcessIdentity,
  remove: Remover,
): Promise<Recovery | undefined> {
  const report = (outcome: Recovery['outcome'], target: ByteString | '' = '', problem = ''): Recovery => ({
    journal: printableName(path),
    target: printableName(target as ByteString),
    outcome,
    problem,
  });
  let content: JournalContent | undefined;
  try {
    content = inspect(posix, path);
    if (content === undefined) return removeEmpty(posix, path) ? undefined : report('running');
    const { target, group } = content.header;
    const leader = group[0] ?? path;
    const leading = leader === path ? content : inspectLeft(posix, leader);
    if (!claim(posix, leading === undefined ? path : leader, (leading ?? content).header.process, self)) {
      return report('running', target);
    }
    const finished = await conclude(posix, leading ?? content, leading === undefined ? [path] : group, remove);
    return report(finished ? 'finished' : 'undone', target);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    return report('failed', content?.header.target, error instanceof Error ? error.message : String(error));
  }
}

/** Returns whether the targets are new. */
async function conclude(
  posix: Posix,
  { state }: JournalContent,
  group: readonly ByteString[],
  remove: Remover,
): Promise<boolean> {
  const places: { place: Place; keep: ByteString | null }[] = [];
  try {
    for (const path of group) {
      const header = inspectLeft(posix, path)?.header;
      if (header === undefined) continue;
      places.push({ place: openPlace(posix, header, lastName(path)), keep: header.keep });
    }
    if (state === undefined) {
      await discard(
        places.map(({ place }) => place),
        remove,
      );
      return false;
    }
    return await concludeSwap(posix, state, places, remove);
  } finally {
    for (const { place } of places) place.close();
  }
}

async function concludeSwap(
  posix: Posix,
  state: 'swapping' | 'reverting' | 'swapped',
  places: readonly { place: Place; keep: ByteString | null }[],
  remove: Remover,
): Promise<boolean> {
  const targets = places.map(({ place, keep }) => ({ place, keep, plan: readSwapPlan(posix, place.journal) }));
  const leader = Journal.open(posix, (places[0] as { place: Place }).place.journal);
  try {
    if (state === 'reverting') swapBack(leader, targets);
    else if (state === 'swapping') goForward(posix, leader, targets);
  } finally {
    leader.close();
  }
  if (state === 'reverting') {
    await discard(
      targets.map(({ place }) => place),
      remove,
    );
    return false;
  }
  await cleanUp(targets, remove);
  return true;
}

function goForward(posix: Posix, leader: Journal, targets: readonly StagedTarget[]): void {
  for (const { place, plan } of targets) {
    const swap = new Swap(posix, place);
    try {
      swap.forward(plan);
    } finally {
      swap.close();
    }
  }
  leader.write('swapped');
}

function inspect(posix: Posix, path: ByteString): JournalContent | undefined {
  return withFolder(posix, path, (folder) => readJournal(posix, folder));
}

/** As `inspect`; a further target's folder may be gone already, since the leader's goes last. */
function inspectLeft(posix: Posix, path: ByteString): JournalContent | undefined {
  try {
    return inspect(posix, path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A folder without a journal was made by a restore that had not begun, or had ended: its name says whose it is. */
function removeEmpty(posix: Posix, path: ByteString): boolean {
  const owner = parseJournalName(lastName(path));
  if (owner === undefined || localProcessFate(owner.pid, owner.pidStart) === 'alive') return false;
  const holder = posix.openRoot(upwards(path));
  try {
    const last = withFolder(posix, path, (folder) => readText(posix, folder, LAST_TIME));
    // Only a target that holds the folder has such a time.
    removeEnded(posix, holder, lastName(path), last === undefined ? owner.timeBefore : BigInt(last));
  } finally {
    posix.close(holder);
  }
  return true;
}

/**
 * Makes this process the one that acts on a journal. Claims are numbered files, each of which exists whole or not at all; the last one
 * counts, and the next may be made only when its process is dead.
 */
function claim(posix: Posix, path: ByteString, creator: ProcessIdentity, self: ProcessIdentity): boolean {
  return withFolder(posix, path, (folder) => {
    let number = 1;
    let owner = creator;
    for (let text = claimText(posix, folder, number); text !== undefined; text = claimText(posix, folder, number)) {
      owner = JSON.parse(text) as ProcessIdentity;
      number++;
    }
    return isDead(owner, self) && putClaim(posix, folder, number, self);
  });
}

function claimText(posix: Posix, folder: number, number: number): string | undefined {
  return readText(posix, folder, `claim-${number}` as ByteString);
}

function putClaim(posix: Posix, folder: number, number: number, self: ProcessIdentity): boolean {
  const unfinished = encodeText(`claim-new-${self.pid}-${self.pidStart}`);
  const fd = posix.createFile(folder, unfinished, 0o600);
  try {
    writeSync(fd, JSON.stringify(self));
  } finally {
    posix.close(fd);
  }
  try {
    posix.renameNoReplace(folder, unfinished, folder, `claim-${number}` as ByteString);
    return true;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    return false;
  }
}

/** No process outlives its machine's start. */
function isDead(other: ProcessIdentity, self: ProcessIdentity): boolean {
  const rebooted = other.machine === self.machine && other.boot !== '' && self.boot !== '' && other.boot !== self.boot;
  return rebooted || processFate(other, self) === 'dead';
}

function withFolder<T>(posix: Posix, path: ByteString, work: (folder: number) => T): T {
  const holder = posix.openRoot(upwards(path));
  try {
    const folder = openOwn(posix, holder, lastName(path));
    try {
      return work(folder);
    } finally {
      posix.close(folder);
    }
  } finally {
    posix.close(holder);
  }
}

function namesIn(posix: Posix, folder: ByteString): ByteString[] {
  let fd: number;
  try {
    fd = posix.openRoot(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemCode(error) ?? '')) return [];
    throw error;
  }
  try {
    return posix.names(fd);
  } finally {
    posix.close(fd);
  }
}
