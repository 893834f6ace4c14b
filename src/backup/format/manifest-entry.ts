import type { ByteString } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { ChunkRef, Entry, EntryType, Hole, Xattr } from '../entry.ts';
import { ByteReader } from './byte-reader.ts';
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

const KNOWN_OPTIONS: readonly number[] = [OPTION_HOLES, OPTION_HARDLINK, OPTION_XATTRS, OPTION_VIA_BACKUP_API];

const DIGEST_BYTES = 32;
const MAX_HOLES = 65_536;
const MAX_XATTR_BYTES = 2 ** 20;
/** Zeros of holes are part of a file's digest; of a file with more of them there is none. */
export const MAX_HASHED_HOLES = 16 * 2 ** 30;
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

/** The positions in what writeEntry wrote. */
export function readPositions(bytes: Buffer): OwnerPositions {
  const input = new ByteReader(bytes, 'an entry');
  input.u8();
  input.varint();
  return { owner: input.varint(), group: input.varint() };
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

/** Reads the whole of an entry before it judges it: what follows can then be read although this one is refused. */
interface Reading {
  entry: StoredEntry;
  kind: number;
  /** Why the entry is refused: the first reason found. */
  refusal: HoldfastError | undefined;
}

/**
 * Reads what writeEntry wrote, for the entry at `path`.
 *
 * @throws HoldfastError `damaged` or `unsupported_version`; `EntryRefused` where the entry was read to its end, and is one that a reader refuses
 */
export function readEntry(input: ByteReader, path: ByteString, tables: OwnerTables): StoredEntry {
  const type = TYPES[input.u8()];
  if (type === undefined) input.fail('an entry has an unknown type');
  const mode = input.varint();
  const owner = tables.owners[input.varint()];
  const group = tables.groups[input.varint()];
  const mtimeNs = input.svarint() * NANOSECONDS;
  const nanoseconds = input.varint();
  const entry: StoredEntry = {
    path,
    type,
    mode,
    uid: owner?.id ?? 0,
    gid: group?.id ?? 0,
    user: owner?.name,
    group: group?.name,
    mtimeNs: mtimeNs + BigInt(nanoseconds),
    size: 0,
  };
  const reading: Reading = { entry, kind: CONTENT_EMPTY, refusal: undefined };
  if (mode > 0o7777) refuse(reading, 'an entry has an impossible mode');
  if (owner === undefined || group === undefined) refuse(reading, 'an entry names an unknown owner');
  if (nanoseconds >= 1e9) refuse(reading, 'an entry has an impossible time');
  readByType(input, reading);
  readOptions(input, reading);
  if (type === 'file') checkContent(reading);
  if (reading.refusal !== undefined) throw new EntryRefused(path, reading.refusal);
  return entry;
}

/** An entry that is told apart from the others, and that a reader refuses all the same. */
export class EntryRefused extends HoldfastError {
  readonly path: ByteString;

  constructor(path: ByteString, cause: HoldfastError) {
    super(cause.code, cause.message, { ...(cause.advice !== undefined && { advice: cause.advice }), cause });
    this.path = path;
  }
}

function refuse(reading: Reading, problem: string): void {
  reading.refusal ??= new HoldfastError('damaged', `a manifest chunk is malformed: ${problem}`);
}

function readByType(input: ByteReader, reading: Reading): void {
  const { entry } = reading;
  if (entry.type === 'file') readContent(input, reading);
  else if (entry.type === 'symlink') {
    entry.target = input.byteString();
    if (entry.target === '' || entry.target.includes('\0')) refuse(reading, 'a symbolic link has no possible target');
  } else if (entry.type === 'char-device' || entry.type === 'block-device') {
    entry.device = { major: input.varint(), minor: input.varint() };
  }
}

function readContent(input: ByteReader, reading: Reading): void {
  const { entry } = reading;
  entry.size = input.varint();
  reading.kind = input.u8();
  const { kind } = reading;
  if (kind > CONTENT_INDIRECT_NO_DIGEST) input.fail('an entry has an unknown content kind');
  if (kind === CONTENT_EMPTY) return;
  if (kind <= CONTENT_INDIRECT) entry.digest = input.raw(DIGEST_BYTES);
  if (kind === CONTENT_ONE_CHUNK) return;
  entry.indirect = kind === CONTENT_INDIRECT || kind === CONTENT_INDIRECT_NO_DIGEST;
  const count = input.count(ID_BYTES + 1);
  const chunks: ChunkRef[] = [];
  for (let i = 0; i < count; i++) chunks.push({ id: input.raw(ID_BYTES), length: input.varint() });
  entry.chunks = chunks;
}

function readOptions(input: ByteReader, reading: Reading): void {
  const seen: number[] = [];
  for (let left = input.count(2); left > 0; left--) {
    const head = input.varint();
    const tag = Math.floor(head / 2);
    const value = new ByteReader(input.bytes(), 'an option of an entry');
    try {
      if (KNOWN_OPTIONS.includes(tag)) {
        if (seen.includes(tag)) value.fail(`option ${tag} comes twice`);
        seen.push(tag);
      }
      readOption(value, reading.entry, tag, head % 2 === 1);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      reading.refusal ??= error;
    }
  }
}

function readOption(value: ByteReader, entry: StoredEntry, tag: number, critical: boolean): void {
  if (tag === OPTION_HOLES) entry.holes = readHoles(value, entry.size);
  else if (tag === OPTION_HARDLINK) entry.hardlink = value.raw(value.left).toString('latin1') as ByteString;
  else if (tag === OPTION_XATTRS) entry.xattrs = readXattrs(value);
  else if (tag === OPTION_VIA_BACKUP_API) entry.viaBackupApi = true;
  else if (critical) value.unknown(`needs option ${tag}`);
}

function readHoles(value: ByteReader, size: number): Hole[] {
  const count = value.count(2);
  if (count > MAX_HOLES) value.fail('a file has too many holes');
  const holes: Hole[] = [];
  let end = 0;
  for (let i = 0; i < count; i++) {
    const offset = end + value.varint();
    const length = value.varint();
    end = offset + length;
    if (length === 0 || end > size) value.fail('a hole lies outside its file');
    holes.push({ offset, length });
  }
  value.end();
  return holes;
}

function readXattrs(value: ByteReader): Xattr[] {
  if (value.left > MAX_XATTR_BYTES) value.fail('an entry has too many extended attributes');
  const xattrs: Xattr[] = [];
  for (let left = value.count(2); left > 0; left--) {
    const name = value.byteString();
    if (name.length === 0 || name.includes('\0')) value.fail('an extended attribute has no valid name');
    xattrs.push({ name, value: value.bytes() });
  }
  value.end();
  return xattrs;
}

/** The chunks must add up to the stored data, so that nothing downstream allocates or writes by a lie. */
function checkContent(reading: Reading): void {
  const { entry, kind } = reading;
  if ((kind === CONTENT_EMPTY) !== (entry.size === 0)) {
    refuse(reading, 'an entry contradicts its size');
    return;
  }
  if (kind === CONTENT_ONE_CHUNK) {
    if (entry.size > MAX_CHUNK_BYTES) refuse(reading, 'a chunk is too long');
    if (entry.holes !== undefined) refuse(reading, 'a file of one chunk has holes');
  }
  const chunks = entry.chunks ?? [];
  if (chunks.some(({ length }) => !isChunkLength(length))) refuse(reading, 'a chunk has an impossible length');
  if (kind === CONTENT_EMPTY || kind === CONTENT_ONE_CHUNK || entry.indirect) return;
  const sum = chunks.reduce((total, chunk) => total + chunk.length, 0);
  if (sum !== storedBytes(entry)) refuse(reading, "a file's chunks do not add up to its size");
}

/** An ID and a length that a chunk can have. Throws `damaged`. */
export function readChunkRef(input: ByteReader): ChunkRef {
  const ref = { id: input.raw(ID_BYTES), length: input.varint() };
  checkChunkLength(input, ref.length);
  return ref;
}

export function checkChunkLength(input: ByteReader, length: number): void {
  if (!isChunkLength(length)) input.fail(`a chunk cannot have ${length} bytes`);
}

function isChunkLength(length: number): boolean {
  return length >= 1 && length <= MAX_CHUNK_BYTES;
}

/** Whether a file's content is to be compared with its digest: a snapshot may claim that more was hashed than anybody would hash again. */
export function isComparable(entry: Entry): boolean {
  return entry.digest !== undefined && entry.size - storedBytes(entry) <= MAX_HASHED_HOLES;
}

/** Bytes of a file that are stored: its size less its holes. */
export function storedBytes(entry: Entry): number {
  return (entry.holes ?? []).reduce((rest, hole) => rest - hole.length, entry.size);
}
