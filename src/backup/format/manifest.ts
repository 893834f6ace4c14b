import type { ByteString } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { comparePaths } from '../entry.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import {
  checkChunkLength,
  EntryRefused,
  type OwnerPositions,
  type OwnerTables,
  readChunkRef,
  readEntry,
  readPositions,
  type StoredEntry,
  writeEntry,
} from './manifest-entry.ts';
import { ID_BYTES } from './pack-index.ts';

/** Manifest, side and fence chunks (docs/FORMAT.md section 8). */

const MANIFEST = 0x4d;
const SIDE = 0x53;
const FENCE = 0x46;
const VERSION = 1;
const SIDE_RECORD_BYTES = 24;

const MIN_ENTRIES = 32;
const MAX_ENTRIES = 1024;
const MAX_BYTES = 512 * 1024;
const BOUNDARY_MASK = 0x3f;
/** Paths of one chunk together, written out: deep folders share prefixes, and a reader has to hold all of them. */
const MAX_PATH_BYTES = 16 * 2 ** 20;

/** What a reader takes from others' writers: more than any chunk has, and little enough to hold. */
const MAX_PATH = 2 ** 20;
const MAX_READ_ENTRIES = 65_536;
const MAX_READ_PATH_BYTES = 64 * 2 ** 20;

/** What only the next backup needs to know of an entry. */
export interface SideRecord {
  inode: bigint;
  ctimeNs: bigint;
  sizeOnDisk: number;
}

/** The records of a side chunk, read one by one when they are asked for: most are only compared, or copied. */
export class SideTable {
  readonly length: number;
  readonly #records: Buffer;
  readonly #view: DataView;

  /** `records`: what follows the count in a side chunk. */
  constructor(records: Buffer) {
    this.length = records.length / SIDE_RECORD_BYTES;
    this.#records = records;
    this.#view = new DataView(records.buffer, records.byteOffset, records.length);
  }

  at(number: number): SideRecord {
    const at = number * SIDE_RECORD_BYTES;
    return {
      inode: this.#view.getBigUint64(at, true),
      ctimeNs: this.#view.getBigInt64(at + 8, true),
      sizeOnDisk: Number(this.#view.getBigUint64(at + 16, true)),
    };
  }

  /** Without a record in between. */
  isSame(number: number, { inode, ctimeNs, sizeOnDisk }: SideRecord): boolean {
    const at = number * SIDE_RECORD_BYTES;
    return (
      this.#view.getBigUint64(at, true) === inode &&
      this.#view.getBigInt64(at + 8, true) === ctimeNs &&
      this.#view.getUint32(at + 16, true) + this.#view.getUint32(at + 20, true) * 2 ** 32 === sizeOnDisk
    );
  }

  /** One record as it is stored. */
  raw(number: number): Buffer {
    return this.#records.subarray(number * SIDE_RECORD_BYTES, (number + 1) * SIDE_RECORD_BYTES);
  }
}

export interface ManifestPart {
  firstPath: ByteString;
  count: number;
  manifest: Buffer;
  side: Buffer;
}

/** Cuts a run of entries in manifest order into manifest chunks with their side chunks. */
export class ManifestBuilder {
  readonly #hashSeed: number;
  readonly #entries = new ByteWriter(MAX_BYTES);
  readonly #side = new ByteWriter(MAX_ENTRIES * SIDE_RECORD_BYTES);
  readonly #option = new ByteWriter();
  #owners = new OwnerTable();
  #groups = new OwnerTable();
  #count = 0;
  #pathBytes = 0;
  #firstPath = '' as ByteString;
  #lastPath: ByteString | undefined;

  /** `manifestKey`: 32 bytes derived for the manifest; its first four seed the boundary hash. */
  constructor(manifestKey: Buffer) {
    this.#hashSeed = manifestKey.readUInt32LE(0);
  }

  /** Adds one entry; returns the part that it completed, if any. */
  add(entry: StoredEntry, side: SideRecord): ManifestPart | undefined {
    const complete = this.#cutBefore(entry);
    this.append(entry, side);
    return complete;
  }

  /** Adds one entry to the part at hand, wherever its boundary would be: for parts that are written anew as they were cut before. */
  append(entry: StoredEntry, side: SideRecord): void {
    writeEntry(this.#entries, entry, this.#begin(entry), this.#option);
    // Some file systems' inode numbers use the sign bit, and their times need not be possible.
    this.#side.u64(BigInt.asUintN(64, side.inode));
    this.#side.i64(BigInt.asIntN(64, side.ctimeNs));
    this.#side.u64(BigInt(side.sizeOnDisk));
  }

  /** Adds an entry of another manifest's part as `add` does, without writing anew what is the same byte for byte. */
  copy(part: DecodedPart, sides: SideTable, number: number): ManifestPart | undefined {
    const entry = part.entries[number] as StoredEntry;
    const complete = this.#cutBefore(entry);
    const positions = this.#begin(entry);
    if (part.hasPositions(number, positions)) this.#entries.raw(part.body(number));
    else writeEntry(this.#entries, entry, positions, this.#option);
    this.#side.raw(sides.raw(number));
    return complete;
  }

  /** The part that ends before the entry, if one does. */
  #cutBefore({ path }: StoredEntry): ManifestPart | undefined {
    return this.#count > 0 && this.endsBefore(path) ? this.finish() : undefined;
  }

  /** Writes the path, and gives the places of the owners in their tables. */
  #begin({ path, uid, user, gid, group }: StoredEntry): OwnerPositions {
    if (this.#count === 0) this.#firstPath = path;
    const shared = this.#count === 0 ? 0 : sharedPrefix(this.#lastPath ?? '', path);
    this.#entries.varint(shared);
    this.#entries.byteString(path, shared);
    this.#lastPath = path;
    this.#pathBytes += path.length;
    this.#count++;
    return { owner: this.#owners.position(uid, user), group: this.#groups.position(gid, group) };
  }

  /** The entries that are not yet in a part. */
  finish(): ManifestPart | undefined {
    if (this.#count === 0) return undefined;
    const head = new ByteWriter();
    head.u8(MANIFEST);
    head.u8(VERSION);
    this.#owners.write(head);
    this.#groups.write(head);
    head.varint(this.#count);
    head.raw(this.#entries.toBuffer());
    const side = new ByteWriter();
    side.u8(SIDE);
    side.u8(VERSION);
    side.varint(this.#count);
    side.raw(this.#side.toBuffer());
    const part = { firstPath: this.#firstPath, count: this.#count, manifest: head.toBuffer(), side: side.toBuffer() };
    this.#entries.reset();
    this.#side.reset();
    this.#owners = new OwnerTable();
    this.#groups = new OwnerTable();
    this.#count = 0;
    this.#pathBytes = 0;
    return part;
  }

  /** True where a part that holds what was added so far ends before an entry at `path`. */
  endsBefore(path: string): boolean {
    if (this.#count === 0) return true;
    if (this.#count >= MAX_ENTRIES || this.#entries.length >= MAX_BYTES || this.#pathBytes >= MAX_PATH_BYTES)
      return true;
    return this.#count >= MIN_ENTRIES && (hashPath(path, this.#hashSeed) & BOUNDARY_MASK) === 0;
  }
}

class OwnerTable {
  readonly #positions = new Map<string, number>();
  readonly #rows: { id: number; name: string }[] = [];
  /** Most entries belong to the same owner as the one before. */
  #last: { id: number; name: ByteString | undefined; position: number } | undefined;

  position(id: number, name: ByteString | undefined): number {
    if (this.#last?.id === id && this.#last.name === name) return this.#last.position;
    const position = this.#find(id, name);
    this.#last = { id, name, position };
    return position;
  }

  #find(id: number, name: ByteString | undefined): number {
    const key = `${id} ${name ?? ''}`;
    const known = this.#positions.get(key);
    if (known !== undefined) return known;
    this.#positions.set(key, this.#rows.length);
    return this.#rows.push({ id, name: name ?? '' }) - 1;
  }

  write(out: ByteWriter): void {
    out.varint(this.#rows.length);
    for (const { id, name } of this.#rows) {
      out.varint(id);
      out.byteString(name);
    }
  }
}

function sharedPrefix(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < most && a.charCodeAt(shared) === b.charCodeAt(shared)) shared++;
  return shared;
}

/** FNV-1a with a seed and the finisher of MurmurHash3: only spreads boundaries, nothing depends on its strength. */
function hashPath(path: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Hears of an entry that a reader refuses. */
export type OnRefused = (path: ByteString, error: HoldfastError) => void;

/**
 * The entries of a manifest chunk. Checks every path; their order, and that parents are folders listed before, is the business of whoever
 * reads the whole manifest. Throws `damaged`; with `onRefused`, entries that are refused are left out, and only what is malformed as a whole throws.
 */
export function decodeManifestChunk(bytes: Buffer, onRefused?: OnRefused): StoredEntry[] {
  return decodeEntries(bytes, onRefused, () => {});
}

/** A manifest chunk with the bytes of each of its entries, which another manifest may take over. */
export class DecodedPart {
  readonly entries: readonly StoredEntry[];
  readonly #bytes: Buffer;
  /** Where each entry begins behind its path, and where it ends. */
  readonly #spans: number[] = [];

  /** Throws `damaged`. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.entries = decodeEntries(bytes, undefined, (start, end) => this.#spans.push(start, end));
  }

  /** An entry behind its path, as it is stored. */
  body(number: number): Buffer {
    return this.#bytes.subarray(this.#spans[2 * number], this.#spans[2 * number + 1]);
  }

  /** Whether the entry's owners stand at these places in their tables: then its bytes mean the same in a chunk whose tables have them there. */
  hasPositions(number: number, { owner, group }: OwnerPositions): boolean {
    const found = readPositions(this.body(number));
    return found.owner === owner && found.group === group;
  }
}

/** `onEntry` is told where each entry's bytes begin behind its path, and where they end. */
function decodeEntries(
  bytes: Buffer,
  onRefused: OnRefused | undefined,
  onEntry: (start: number, end: number) => void,
): StoredEntry[] {
  const input = new ByteReader(bytes, 'a manifest chunk');
  readKind(input, MANIFEST);
  const tables: OwnerTables = { owners: readOwners(input), groups: readOwners(input) };
  const count = input.count(9);
  if (count > MAX_READ_ENTRIES) input.fail('it has too many entries');
  const entries: StoredEntry[] = [];
  let path = '' as ByteString;
  let pathBytes = 0;
  for (let i = 0; i < count; i++) {
    const shared = input.varint();
    if (shared > path.length) input.fail('a path shares more than there is');
    const next = (path.slice(0, shared) + input.byteString()) as ByteString;
    if (next.length > MAX_PATH) input.fail('a path is too long');
    pathBytes += next.length;
    if (pathBytes > MAX_READ_PATH_BYTES) input.fail('its paths are too long together');
    path = next;
    const start = input.position;
    try {
      const entry = readEntry(input, path, tables);
      onEntry(start, input.position);
      // Where refused entries are left out, only those that are not refused by the whole manifest's order count: the caller's business.
      checkPaths(entry, onRefused === undefined ? entries.at(-1)?.path : undefined);
      entries.push(entry);
    } catch (error) {
      if (!(error instanceof EntryRefused) || onRefused === undefined) throw error;
      onRefused(path, error);
    }
  }
  input.end();
  return entries;
}

function readKind(input: ByteReader, kind: number): void {
  if (input.u8() !== kind) input.fail('it is of another kind');
  const version = input.u8();
  if (version !== VERSION) input.unknown(`has version ${version}`);
}

/** `last`: the path before it. A hard link leads to an entry before its own, by a path that an entry may have. */
function checkPaths({ path, hardlink }: StoredEntry, last: ByteString | undefined): void {
  const wrong = (problem: string) =>
    new EntryRefused(path, new HoldfastError('damaged', `a manifest chunk is malformed: ${problem}`));
  if (!isValidPath(path)) throw wrong('a path is not allowed');
  if (last !== undefined && comparePaths(last, path) >= 0) throw wrong('its paths are out of order');
  if (hardlink === undefined) return;
  if (hardlink === '' || !isValidPath(hardlink) || comparePaths(hardlink, path) >= 0)
    throw wrong('a hard link leads nowhere');
}

function readOwners(input: ByteReader): { id: number; name: ByteString | undefined }[] {
  const rows = [];
  for (let left = input.count(2); left > 0; left--) {
    const id = input.varint();
    const name = input.byteString();
    rows.push({ id, name: name === '' ? undefined : name });
  }
  return rows;
}

/** Relative, raw components joined by `/`, none of them empty, `.` or `..`, no NUL. The root is ''. */
export function isValidPath(path: string): boolean {
  if (path === '') return true;
  return path.length <= MAX_PATH && !path.includes('\0') && !BAD_COMPONENT.test(path);
}

/** A component that is empty, `.` or `..`. */
const BAD_COMPONENT = /(?:^|\/)\.{0,2}(?:\/|$)/;

/** Throws `damaged`. The records stand in the order of the manifest chunk's entries. */
export function decodeSideChunk(bytes: Buffer): SideTable {
  const input = new ByteReader(bytes, 'a side chunk');
  readKind(input, SIDE);
  const records = input.raw(input.count(SIDE_RECORD_BYTES) * SIDE_RECORD_BYTES);
  input.end();
  return new SideTable(records);
}

export interface Fence {
  firstPath: ByteString;
  count: number;
  manifest: { id: Buffer; length: number };
  /** Absent where the backup's source has none. */
  side: { id: Buffer; length: number } | undefined;
}

export function encodeFenceChunk(fences: readonly Fence[]): Buffer {
  const out = new ByteWriter();
  out.u8(FENCE);
  out.u8(VERSION);
  out.varint(fences.length);
  for (const fence of fences) {
    out.byteString(fence.firstPath);
    out.varint(fence.count);
    out.raw(fence.manifest.id);
    out.varint(fence.manifest.length);
    out.raw(fence.side?.id ?? Buffer.alloc(ID_BYTES));
    out.varint(fence.side?.length ?? 0);
  }
  return out.toBuffer();
}

/** Throws `damaged`. */
export function decodeFenceChunk(bytes: Buffer): Fence[] {
  const input = new ByteReader(bytes, 'a fence chunk');
  readKind(input, FENCE);
  const fences: Fence[] = [];
  for (let left = input.count(2 * ID_BYTES + 4); left > 0; left--) {
    const firstPath = input.byteString();
    const count = input.varint();
    const manifest = readChunkRef(input);
    const side = { id: input.raw(ID_BYTES), length: input.varint() };
    if (side.length > 0) checkChunkLength(input, side.length);
    fences.push({ firstPath, count, manifest, side: side.length === 0 ? undefined : side });
  }
  input.end();
  return fences;
}

export const LIST_RECORD_BYTES = ID_BYTES + 4;

/** A chunk list kept in meta chunks (content kinds 3 and 5): records of ID and u32 length. */
export function encodeChunkList(chunks: readonly { id: Buffer; length: number }[]): Buffer {
  const list = Buffer.alloc(chunks.length * LIST_RECORD_BYTES);
  chunks.forEach((chunk, i) => {
    chunk.id.copy(list, i * LIST_RECORD_BYTES);
    list.writeUInt32LE(chunk.length, i * LIST_RECORD_BYTES + ID_BYTES);
  });
  return list;
}

/** Throws `damaged`. */
export function decodeChunkList(list: Buffer): { id: Buffer; length: number }[] {
  const input = new ByteReader(list, 'a chunk list');
  if (list.length % LIST_RECORD_BYTES !== 0) input.fail('it holds no whole number of records');
  const chunks = [];
  while (input.left > 0) {
    const chunk = { id: input.raw(ID_BYTES), length: input.u32() };
    checkChunkLength(input, chunk.length);
    chunks.push(chunk);
  }
  return chunks;
}
