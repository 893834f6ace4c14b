import type { ByteString } from '../../shared/bytes.ts';
import type { ChunkRef, Entry, EntryType, Hole, Xattr } from '../entry.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { MAX_CHUNK_BYTES } from './pack.ts';
import { ID_BYTES } from './pack-index.ts';

/** One entry of the manifest (docs/FORMAT.md section 8). Paths and owners are the chunk's business, see manifest.ts. */

const TYPES = [
  undefined,
  'file',
  'directory',
  'symlink',
  'fifo',
  'socket',
  'char-device',
  'block-device',
] as const satisfies readonly (EntryType | undefined)[];

const TYPE_NUMBERS = new Map(TYPES.map((type, number) => [type, number]));

const CONTENT_EMPTY = 0;
const CONTENT_ONE_CHUNK = 1;
const CONTENT_LIST = 2;
const CONTENT_INDIRECT = 3;
const CONTENT_LIST_NO_DIGEST = 4;
const CONTENT_INDIRECT_NO_DIGEST = 5;

const OPTION_HOLES = 1;
const OPTION_HARDLINK = 2;
const OPTION_XATTRS = 3;
const OPTION_VIA_BACKUP_API = 4;

const DIGEST_BYTES = 32;
const MAX_HOLES = 65_536;
const MAX_XATTR_BYTES = 2 ** 20;
const NANOSECONDS = 1_000_000_000n;

/** An entry as stored: `chunks` may be indirect, and the chunk of a one-chunk file is implied by its digest. */
export interface StoredEntry extends Entry {
  /** True where the chunk list is kept in meta chunks, which `chunks` then names. */
  indirect?: boolean | undefined;
}

export interface OwnerPositions {
  owner: number;
  group: number;
}

/** Largest stored data of a file that is always one chunk. */
export const ONE_CHUNK_BYTES = 262_144;

export function writeEntry(out: ByteWriter, entry: StoredEntry, positions: OwnerPositions, options: ByteWriter): void {
  out.u8(TYPE_NUMBERS.get(entry.type) as number);
  out.varint(entry.mode);
  out.varint(positions.owner);
  out.varint(positions.group);
  writeTime(out, entry.mtimeNs);
  if (entry.type === 'file') writeContent(out, entry);
  else if (entry.type === 'symlink') out.byteString(entry.target ?? '');
  else if (entry.type === 'char-device' || entry.type === 'block-device') {
    out.varint(entry.device?.major ?? 0);
    out.varint(entry.device?.minor ?? 0);
  }
  writeOptions(out, entry, options);
}

function writeTime(out: ByteWriter, mtimeNs: bigint): void {
  let seconds = mtimeNs / NANOSECONDS;
  let nanoseconds = mtimeNs % NANOSECONDS;
  if (nanoseconds < 0n) {
    seconds -= 1n;
    nanoseconds += NANOSECONDS;
  }
  out.svarint(seconds);
  out.varint(Number(nanoseconds));
}

function writeContent(out: ByteWriter, entry: StoredEntry): void {
  out.varint(entry.size);
  const chunks = entry.chunks ?? [];
  if (entry.size === 0) {
    out.u8(CONTENT_EMPTY);
    return;
  }
  const impliedByDigest =
    entry.digest !== undefined &&
    !entry.indirect &&
    entry.holes === undefined &&
    // An entry that was read has none: so it can be written again as it is.
    (entry.chunks === undefined || (chunks.length === 1 && entry.size === chunks[0]?.length));
  if (impliedByDigest) {
    out.u8(CONTENT_ONE_CHUNK);
    out.raw(entry.digest as Buffer);
    return;
  }
  const withDigest = entry.indirect ? CONTENT_INDIRECT : CONTENT_LIST;
  const without = entry.indirect ? CONTENT_INDIRECT_NO_DIGEST : CONTENT_LIST_NO_DIGEST;
  out.u8(entry.digest === undefined ? without : withDigest);
  if (entry.digest !== undefined) out.raw(entry.digest);
  out.varint(chunks.length);
  for (const chunk of chunks) {
    out.raw(chunk.id);
    out.varint(chunk.length);
  }
}

function writeOptions(out: ByteWriter, entry: Entry, value: ByteWriter): void {
  const hasHoles = entry.holes !== undefined && entry.holes.length > 0;
  const hasXattrs = entry.xattrs !== undefined && entry.xattrs.length > 0;
  const count = [hasHoles, entry.hardlink !== undefined, hasXattrs, entry.viaBackupApi === true].filter(Boolean).length;
  out.varint(count);
  if (count === 0) return;
  const put = (tag: number, critical: boolean, write: () => void) => {
    value.reset();
    write();
    out.varint(tag * 2 + (critical ? 1 : 0));
    out.bytes(value.toBuffer());
  };
  if (hasHoles) put(OPTION_HOLES, true, () => writeHoles(value, entry.holes ?? []));
  if (entry.hardlink !== undefined)
    put(OPTION_HARDLINK, false, () => value.raw(Buffer.from(entry.hardlink ?? '', 'latin1')));
  if (hasXattrs) put(OPTION_XATTRS, false, () => writeXattrs(value, entry.xattrs ?? []));
  if (entry.viaBackupApi === true) put(OPTION_VIA_BACKUP_API, false, () => {});
}

function writeHoles(out: ByteWriter, holes: readonly Hole[]): void {
  out.varint(holes.length);
  let end = 0;
  for (const hole of holes) {
    out.varint(hole.offset - end);
    out.varint(hole.length);
    end = hole.offset + hole.length;
  }
}

function writeXattrs(out: ByteWriter, xattrs: readonly Xattr[]): void {
  out.varint(xattrs.length);
  for (const { name, value } of xattrs) {
    out.byteString(name);
    out.bytes(value);
  }
}

export interface OwnerTables {
  owners: readonly { id: number; name: ByteString | undefined }[];
  groups: readonly { id: number; name: ByteString | undefined }[];
}

/** Reads what writeEntry wrote, for the entry at `path`. Throws `damaged`. */
export function readEntry(input: ByteReader, path: ByteString, tables: OwnerTables): StoredEntry {
  const type = TYPES[input.u8()];
  if (type === undefined) input.fail('an entry has an unknown type');
  const mode = input.varint();
  if (mode > 0o7777) input.fail('an entry has an impossible mode');
  const owner = tables.owners[input.varint()];
  const group = tables.groups[input.varint()];
  if (owner === undefined || group === undefined) input.fail('an entry names an unknown owner');
  const entry: StoredEntry = {
    path,
    type,
    mode,
    uid: owner.id,
    gid: group.id,
    user: owner.name,
    group: group.name,
    mtimeNs: readTime(input),
    size: 0,
  };
  if (type === 'file') readContent(input, entry);
  else if (type === 'symlink') entry.target = input.byteString();
  else if (type === 'char-device' || type === 'block-device')
    entry.device = { major: input.varint(), minor: input.varint() };
  readOptions(input, entry);
  if (type === 'file') checkLengths(input, entry);
  return entry;
}

function readTime(input: ByteReader): bigint {
  const seconds = input.svarint();
  const nanoseconds = input.varint();
  if (nanoseconds >= 1e9) input.fail('an entry has an impossible time');
  return seconds * NANOSECONDS + BigInt(nanoseconds);
}

function readContent(input: ByteReader, entry: StoredEntry): void {
  entry.size = input.varint();
  const kind = input.u8();
  if (kind > CONTENT_INDIRECT_NO_DIGEST) input.fail('an entry has an unknown content kind');
  if ((kind === CONTENT_EMPTY) !== (entry.size === 0)) input.fail('an entry contradicts its size');
  if (kind === CONTENT_EMPTY) return;
  if (kind <= CONTENT_INDIRECT) entry.digest = input.raw(DIGEST_BYTES);
  if (kind === CONTENT_ONE_CHUNK && entry.size > MAX_CHUNK_BYTES) input.fail('a chunk is too long');
  if (kind === CONTENT_ONE_CHUNK) return;
  entry.indirect = kind === CONTENT_INDIRECT || kind === CONTENT_INDIRECT_NO_DIGEST;
  const count = input.count(ID_BYTES + 1);
  const chunks: ChunkRef[] = [];
  for (let i = 0; i < count; i++) chunks.push(readChunkRef(input));
  entry.chunks = chunks;
}

/** An ID and a length that a chunk can have. Throws `damaged`. */
export function readChunkRef(input: ByteReader): ChunkRef {
  const ref = { id: input.raw(ID_BYTES), length: input.varint() };
  checkChunkLength(input, ref.length);
  return ref;
}

export function checkChunkLength(input: ByteReader, length: number): void {
  if (length < 1 || length > MAX_CHUNK_BYTES) input.fail(`a chunk cannot have ${length} bytes`);
}

function readOptions(input: ByteReader, entry: StoredEntry): void {
  for (let left = input.count(2); left > 0; left--) {
    const head = input.varint();
    const length = input.varint();
    const before = input.left;
    if (length > before) input.fail('an option is longer than its chunk');
    readOption(input, entry, Math.floor(head / 2), head % 2 === 1, length);
    if (before - input.left !== length) input.fail('an option has another length than it says');
  }
}

function readOption(input: ByteReader, entry: StoredEntry, tag: number, critical: boolean, length: number): void {
  if (tag === OPTION_HOLES) entry.holes = readHoles(input, entry.size);
  else if (tag === OPTION_HARDLINK) entry.hardlink = input.raw(length).toString('latin1') as ByteString;
  else if (tag === OPTION_XATTRS) entry.xattrs = readXattrs(input, length);
  else if (tag === OPTION_VIA_BACKUP_API) readFlag(input, entry, length);
  else if (critical) input.unknown(`needs option ${tag}`);
  else input.raw(length);
}

function readFlag(input: ByteReader, entry: StoredEntry, length: number): void {
  entry.viaBackupApi = true;
  input.raw(length);
}

function readHoles(input: ByteReader, size: number): Hole[] {
  const count = input.count(2);
  if (count > MAX_HOLES) input.fail('a file has too many holes');
  const holes: Hole[] = [];
  let end = 0;
  for (let i = 0; i < count; i++) {
    const offset = end + input.varint();
    const length = input.varint();
    end = offset + length;
    if (length === 0 || end > size) input.fail('a hole lies outside its file');
    holes.push({ offset, length });
  }
  return holes;
}

function readXattrs(input: ByteReader, length: number): Xattr[] {
  if (length > MAX_XATTR_BYTES) input.fail('an entry has too many extended attributes');
  const xattrs: Xattr[] = [];
  for (let left = input.count(2); left > 0; left--) {
    const name = input.byteString();
    if (name.length === 0 || name.includes('\0')) input.fail('an extended attribute has no valid name');
    xattrs.push({ name, value: input.bytes() });
  }
  return xattrs;
}

/** The chunks must add up to the stored data, so that nothing downstream allocates or writes by a lie. */
function checkLengths(input: ByteReader, entry: StoredEntry): void {
  const stored = storedBytes(entry);
  if (entry.chunks === undefined) {
    if (entry.size > 0 && entry.holes !== undefined) input.fail('a file of one chunk has holes');
    return;
  }
  if (entry.indirect) return;
  const sum = entry.chunks.reduce((total, chunk) => total + chunk.length, 0);
  if (sum !== stored) input.fail("a file's chunks do not add up to its size");
}

/** Bytes of a file that are stored: its size less its holes. */
export function storedBytes(entry: Entry): number {
  return (entry.holes ?? []).reduce((rest, hole) => rest - hole.length, entry.size);
}
