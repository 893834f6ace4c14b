import { writeSync } from 'node:fs';
import type { ByteString } from '../../../shared/bytes.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import type { Xattr } from '../../entry.ts';
import type { Posix } from '../../posix/posix.ts';
import { readText } from './journal.ts';

/** One thing that a swap moves: a whole target, or an object inside it with all that is below. */
export interface Unit {
  /** Names its place in `new` and `old`. */
  number: number;
  /** Below the target; '' is the target itself. */
  path: ByteString;
  how: 'put' | 'delete';
  /** What is put: device and inode of the staged object, by which it is known wherever it is. */
  identity: string | undefined;
}

export interface FolderMetadata {
  mode: number;
  uid: number;
  gid: number;
  mtimeNs: bigint;
  xattrs: readonly Xattr[];
}

/** A folder that stays, but whose own metadata changes. */
export interface FolderChange {
  path: ByteString;
  before: FolderMetadata;
  after: FolderMetadata;
}

/** What a swap does to one target. */
export interface SwapPlan {
  units: Unit[];
  /** In manifest order. */
  folders: FolderChange[];
}

const FILE = 'units' as ByteString;
const WRITE_BYTES = 64 * 1024;

/** Durable when it returns. */
export function writeSwapPlan(posix: Posix, folder: number, plan: SwapPlan): void {
  const fd = posix.createFile(folder, FILE, 0o600);
  try {
    let text = '';
    for (const record of [
      ...plan.units.map(unitRecord),
      ...plan.folders.map(folderRecord),
      { end: plan.units.length },
    ]) {
      text += `${JSON.stringify(record)}\n`;
      if (text.length < WRITE_BYTES) continue;
      writeSync(fd, text, null, 'utf8');
      text = '';
    }
    writeSync(fd, text, null, 'utf8');
    posix.sync(fd);
  } finally {
    posix.close(fd);
  }
  posix.sync(folder);
}

/** Throws `damaged` where it is not what `writeSwapPlan` wrote. */
export function readSwapPlan(posix: Posix, folder: number): SwapPlan {
  const lines = (readText(posix, folder, FILE) ?? '').split('\n').filter((line) => line !== '');
  const plan: SwapPlan = { units: [], folders: [] };
  try {
    for (const line of lines.slice(0, -1)) {
      const record = JSON.parse(line) as { u?: Unit; f?: StoredFolder };
      if (record.u !== undefined) plan.units.push(record.u);
      if (record.f !== undefined) plan.folders.push(revive(record.f));
    }
    if ((JSON.parse(lines.at(-1) ?? '{}') as { end?: number }).end === plan.units.length) return plan;
  } catch {
    // Reported below.
  }
  throw new HoldfastError('damaged', "A restore's journal is not as it was written.");
}

interface StoredMetadata {
  mode: number;
  uid: number;
  gid: number;
  mtime: string;
  xattrs: [string, string][];
}

interface StoredFolder {
  path: ByteString;
  before: StoredMetadata;
  after: StoredMetadata;
}

function unitRecord(unit: Unit): unknown {
  return { u: unit };
}

function folderRecord({ path, before, after }: FolderChange): unknown {
  return { f: { path, before: storable(before), after: storable(after) } };
}

function storable({ mode, uid, gid, mtimeNs, xattrs }: FolderMetadata): StoredMetadata {
  return {
    mode,
    uid,
    gid,
    mtime: String(mtimeNs),
    xattrs: xattrs.map(({ name, value }) => [name, value.toString('base64')]),
  };
}

function revive({ path, before, after }: StoredFolder): FolderChange {
  return { path, before: reviveMetadata(before), after: reviveMetadata(after) };
}

function reviveMetadata({ mode, uid, gid, mtime, xattrs }: StoredMetadata): FolderMetadata {
  const revived = xattrs.map(([name, value]) => ({ name: name as ByteString, value: Buffer.from(value, 'base64') }));
  return { mode, uid, gid, mtimeNs: BigInt(mtime), xattrs: revived };
}
