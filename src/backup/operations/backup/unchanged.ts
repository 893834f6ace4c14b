import type { SideRecord } from '../../format/manifest.ts';
import type { StoredEntry } from '../../format/manifest-entry.ts';
import type { FileStatus } from '../../posix/file-status.ts';
import type { ParentEntry, ParentPart } from './parent-cursor.ts';

/** The scan that a parent's entries come from. */
export interface ParentScan {
  /** When it began. */
  scanNs: bigint;
  /** Whether it saw all that is compared; else nothing counts as unchanged. */
  sawEnough: boolean;
}

/** A file that was touched within this time before the parent's scan may have been touched again, after it was read, at what the clock of its file system calls the same time. */
const CLOCK_TICK_NS = 20_000_000n;
/** The same for file systems that know whole seconds only, or pairs of them. */
const COARSE_TICK_NS = 2_000_000_000n;

/** Same type, size, times and inode as the parent recorded, and last touched well before the parent's scan began. */
export function isUnchanged(status: FileStatus, old: ParentEntry | undefined, scan: ParentScan | undefined): boolean {
  if (old?.side === undefined || scan === undefined) return false;
  return (
    isAsRecorded(old.entry, status) &&
    old.side.ctimeNs === status.ctimeNs &&
    old.side.inode === status.ino &&
    old.side.sizeOnDisk === status.size &&
    isSettled(status, scan)
  );
}

/** The same of an entry of the parent by its number, without making its record first. */
export function isUnchangedIn(
  { decoded, sides }: ParentPart,
  at: number,
  status: FileStatus,
  scan: ParentScan,
): boolean {
  const entry = decoded.entries[at];
  return (
    entry !== undefined && isAsRecorded(entry, status) && sides.isSame(at, sideOf(status)) && isSettled(status, scan)
  );
}

function isAsRecorded(entry: StoredEntry, { type, mtimeNs }: FileStatus): boolean {
  return entry.type === type && entry.mtimeNs === mtimeNs;
}

/** What the next backup will compare with. */
export function sideOf(status: FileStatus): SideRecord {
  return { inode: status.ino, ctimeNs: status.ctimeNs, sizeOnDisk: status.size };
}

function isSettled({ mtimeNs, ctimeNs }: FileStatus, { scanNs, sawEnough }: ParentScan): boolean {
  return sawEnough && isBefore(mtimeNs, scanNs) && isBefore(ctimeNs, scanNs);
}

/** True for a time so long before the scan that no later change can have been given the same. */
function isBefore(timeNs: bigint, scanNs: bigint): boolean {
  if (timeNs + COARSE_TICK_NS < scanNs) return true;
  return timeNs % 1_000_000_000n !== 0n && timeNs + CLOCK_TICK_NS < scanNs;
}
