import { cpSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Entry, EntryType } from '../../src/backup/entry.ts';
import { type ByteString, encodeText } from '../../src/shared/bytes.ts';
import type { ExpectedEntry, RawText } from '../../tools/fixtures/describe-entries.ts';
import type { Tree, TreeFact } from './tree/read-tree.ts';

/** The repository of format version 1 that every later version opens; see its README. */
export const FIXTURE = fileURLToPath(new URL('../fixtures/repository-v1', import.meta.url));

export interface ExpectedSnapshot {
  id: string;
  state: 'confirmed' | 'unfinished' | 'broken' | 'forgotten';
  source: string;
  kind: string;
  time: string;
  tags: string[];
  pinned: boolean;
  parent: string | null;
  /** Of confirmed ones. */
  entries?: ExpectedEntry[];
}

export interface ExpectedRepository {
  repository: string;
  fingerprint: string;
  /** By the labels of the key slots. */
  passphrases: Record<string, string>;
  snapshots: ExpectedSnapshot[];
}

/** One change to an object. */
export type Patch =
  | { op: 'flip'; object: string; bit: number }
  | { op: 'cut'; object: string; length: number }
  | { op: 'delete'; object: string }
  | { op: 'swap'; object: string; other: string };

/** A damaged repository as what was done to the whole one, and what every reader must say of it. */
export interface DamagedFixture {
  name: string;
  patches: Patch[];
  /** The snapshot that is restored. */
  snapshot: string;
  /** What cannot be restored: positions in the snapshot's entries. */
  lost: number[];
  /** Objects that `verify --deep` names, with their kinds, in its order. */
  verify: { object: string; kind: string }[];
  /** Objects that `rescue.mjs check` names as damaged, each once, in its order. */
  rescue: string[];
}

export function readExpected(): ExpectedRepository {
  return JSON.parse(readFileSync(join(FIXTURE, 'expected.json'), 'utf8')) as ExpectedRepository;
}

export function readDamages(): DamagedFixture[] {
  return JSON.parse(readFileSync(join(FIXTURE, 'damaged.json'), 'utf8')) as DamagedFixture[];
}

/** A copy to work on: readers put sessions, and a checkout may be read-only. */
export function copyFixture(to: string, patches: readonly Patch[] = [], from = join(FIXTURE, 'repository')): string {
  cpSync(from, to, { recursive: true });
  for (const patch of patches) apply(to, patch);
  return to;
}

function apply(folder: string, patch: Patch): void {
  const file = join(folder, patch.object);
  if (patch.op === 'cut') truncateSync(file, patch.length);
  if (patch.op === 'delete') rmSync(file);
  if (patch.op === 'flip') {
    const bytes = readFileSync(file);
    bytes[patch.bit >> 3] = (bytes[patch.bit >> 3] as number) ^ (1 << (patch.bit & 7));
    writeFileSync(file, bytes);
  }
  if (patch.op !== 'swap') return;
  renameSync(file, `${file}-swapped`);
  renameSync(join(folder, patch.other), file);
  renameSync(`${file}-swapped`, join(folder, patch.other));
}

/** Raw bytes, one character a byte. */
export function rawPath(text: RawText): string {
  return typeof text === 'string'
    ? Buffer.from(text).toString('latin1')
    : Buffer.from(text.bytes, 'base64').toString('latin1');
}

/** As `readTree` reads a folder that holds exactly this; of files without a hash the content is left open. */
export function expectedTree(entries: readonly ExpectedEntry[]): Tree {
  return new Map(
    entries.map((entry) => {
      const path = rawPath(entry.path);
      const { type, mode, mtimeNs, uid = 0, gid = 0, size = 0, sha256: content = '', holes = [], xattrs = [] } = entry;
      const fact: TreeFact = {
        type,
        mode,
        owner: `${uid}:${gid}`,
        mtimeNs,
        sameAs: entry.hardlink === undefined ? path : rawPath(entry.hardlink),
        size,
        content,
        holes: holes.map(([offset, length]) => `${offset}+${length}`).join(' '),
        target: entry.target === undefined ? '' : rawPath(entry.target),
        device: JSON.stringify(entry.device ?? ''),
        xattrs: xattrs
          .map(({ name, value }) => `${rawPath(name)}=${Buffer.from(value, 'base64').toString('hex')}`)
          .join(' '),
      };
      if (!['fifo', 'socket', 'char-device', 'block-device'].includes(type)) fact.device = '';
      return [path, fact];
    }),
  );
}

/** The entry that a manifest holds for it, without its chunks. */
export function expectedEntry(expected: ExpectedEntry): Entry {
  const raw = (text: RawText | null | undefined) => (text == null ? undefined : (rawPath(text) as ByteString));
  const nameOf = (id: number, name: RawText | null | undefined) =>
    id === 0 && name === undefined ? encodeText('root') : raw(name);
  const { type, mode, mtimeNs, uid = 0, gid = 0, size = 0, sha256 } = expected;
  return {
    path: rawPath(expected.path) as ByteString,
    type: type as EntryType,
    mode: Number.parseInt(mode, 8),
    uid,
    gid,
    user: nameOf(uid, expected.user),
    group: nameOf(gid, expected.group),
    mtimeNs: BigInt(mtimeNs),
    size,
    digest: sha256 === undefined ? undefined : Buffer.from(sha256, 'hex'),
    target: raw(expected.target),
  };
}
