import type { ByteString } from '../../shared/bytes.ts';
import { decodeText, isAscii } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';
import { printableName } from '../../shared/printable.ts';
import type { Entry, EntryType, Xattr } from '../entry.ts';
import { aclToText } from './acl.ts';
import type { WarningSink } from './archive-warning.ts';
import { WarningLog } from './archive-warning.ts';
import { encodeRecord } from './pax-records.ts';
import { floorSeconds, formatPaxTime } from './pax-time.ts';
import { encodeSparseMap, extentsBetween, totalLength } from './sparse.ts';
import { BLOCK_SIZE, encodeHeader, largestOctal, NAME_LENGTH, OWNER_LENGTH, paddingAfter } from './tar-block.ts';

/**
 * Writes archives in the pax interchange format (POSIX.1-2017 `pax`) with the extensions of star and GNU tar for
 * extended attributes, ACLs and holes, which GNU tar restores exactly:
 * `tar --xattrs --xattrs-include='*' --acls --numeric-owner -xpf`.
 */
export interface TarMember {
  entry: Entry;
  /** Files that are no hard links: the stored data, that is the content without its holes. Buffers are not reused. */
  content?: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined;
}

export interface TarWriteOptions {
  /** A folder below which all names are put; the snapshot's root is then this folder. */
  prefix?: ByteString | undefined;
  onWarning: WarningSink;
}

const TYPE_FLAGS = {
  file: '0',
  symlink: '2',
  'char-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
} as const satisfies Partial<Record<EntryType, string>>;

const HARD_LINK = '1';
const ACL_KEYS: Readonly<Record<string, string>> = {
  'system.posix_acl_access': 'SCHILY.acl.access',
  'system.posix_acl_default': 'SCHILY.acl.default',
};

/** GNU tar writes and expects whole records of twenty blocks. */
const RECORD_SIZE = 20 * BLOCK_SIZE;
const OUTPUT_SIZE = 256 * 1024;

/**
 * The archive of `members`, in their order (hard links after the first member of their group), in buffers of about
 * 256 KiB. Sockets are left out with a warning.
 *
 * @throws HoldfastError `damaged` where a member's content is not as long as its entry says, or a name holds a NUL
 */
export async function* writeTar(
  members: AsyncIterable<TarMember> | Iterable<TarMember>,
  options: TarWriteOptions,
): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let pending = 0;
  for await (const piece of archivePieces(members, options)) {
    parts.push(piece);
    pending += piece.length;
    if (pending < OUTPUT_SIZE) continue;
    yield parts.length === 1 ? piece : Buffer.concat(parts, pending);
    parts = [];
    pending = 0;
  }
  if (pending > 0) yield Buffer.concat(parts, pending);
}

async function* archivePieces(
  members: AsyncIterable<TarMember> | Iterable<TarMember>,
  options: TarWriteOptions,
): AsyncGenerator<Buffer> {
  const warnings = new WarningLog(options.onWarning);
  let written = 0;
  for await (const { entry, content } of members) {
    if (entry.type === 'socket') {
      warnings.leaveOut(entry.path, 'A socket cannot be stored in a tar archive; it was left out.');
      continue;
    }
    for await (const piece of memberPieces(entry, content ?? [], options.prefix ?? ('' as ByteString))) {
      written += piece.length;
      yield piece;
    }
  }
  const end = 2 * BLOCK_SIZE;
  yield Buffer.alloc(end + ((RECORD_SIZE - ((written + end) % RECORD_SIZE)) % RECORD_SIZE));
  warnings.finish();
}

async function* memberPieces(
  entry: Entry,
  content: NonNullable<TarMember['content']>,
  prefix: ByteString,
): AsyncGenerator<Buffer> {
  const { header, dataLength } = encodeMember(entry, prefix);
  yield header;
  let length = 0;
  for await (const bytes of content) {
    length += bytes.length;
    if (length > dataLength) break;
    yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  if (length !== dataLength) {
    const more = length > dataLength ? 'or more ' : '';
    throw new HoldfastError(
      'damaged',
      `"${printableName(entry.path)}" should hold ${dataLength} bytes of data, but ${length} ${more}were read.`,
      { advice: 'Run verify --deep on the snapshot.' },
    );
  }
  const padding = paddingAfter(dataLength);
  if (padding > 0) yield Buffer.alloc(padding);
}

/** All that precedes a member's data: its extended header, its header and, for files with holes, the sparse map. */
function encodeMember(entry: Entry, prefix: ByteString): { header: Buffer; dataLength: number } {
  const isLink = entry.hardlink !== undefined;
  const isFile = entry.type === 'file' && !isLink;
  const extents = isFile ? extentsBetween(entry.holes ?? [], entry.size) : [];
  const dataLength = totalLength(extents);
  const map = isFile && dataLength < entry.size ? encodeSparseMap(extents, entry.size) : undefined;
  const name = archiveName(entry, prefix);
  const target = isLink ? joinPath(prefix, entry.hardlink ?? ('' as ByteString)) : (entry.target ?? ('' as ByteString));
  const storedName = map === undefined ? name : sparseName(name);
  const storedSize = dataLength + (map?.length ?? 0);
  refuseNul(name, target);
  const records = [
    ...nameRecords(entry, storedName, target),
    ...numberRecords(entry, storedSize),
    ...(map === undefined ? [] : sparseRecords(name, entry.size)),
    ...(entry.xattrs ?? []).map(xattrRecord),
  ];
  const header = encodeHeader({
    typeflag: isLink ? HARD_LINK : TYPE_FLAGS[entry.type as keyof typeof TYPE_FLAGS],
    name: headerText(storedName, NAME_LENGTH),
    linkname: headerText(target, NAME_LENGTH),
    mode: entry.mode,
    uid: within(entry.uid, 'uid'),
    gid: within(entry.gid, 'gid'),
    size: within(storedSize, 'size'),
    mtime: within(Number(floorSeconds(entry.mtimeNs)), 'mtime'),
    uname: headerText(entry.user ?? '', OWNER_LENGTH),
    gname: headerText(entry.group ?? '', OWNER_LENGTH),
    device: entry.device,
  });
  return { header: Buffer.concat([...extendedHeader(storedName, records), header, ...(map ? [map] : [])]), dataLength };
}

function joinPath(prefix: ByteString, path: ByteString): ByteString {
  return (prefix === '' || path === '' ? `${prefix}${path}` : `${prefix}/${path}`) as ByteString;
}

function archiveName(entry: Entry, prefix: ByteString): ByteString {
  const path = joinPath(prefix, entry.path) || '.';
  return (entry.type === 'directory' ? `${path}/` : path) as ByteString;
}

/** What readers that know nothing of sparse members see: the name that GNU tar gives the condensed file. */
function sparseName(name: ByteString): ByteString {
  const slash = name.lastIndexOf('/') + 1;
  return `${name.slice(0, slash)}GNUSparseFile.0/${name.slice(slash)}` as ByteString;
}

function refuseNul(name: ByteString, target: ByteString): void {
  if (!name.includes('\0') && !target.includes('\0')) return;
  throw new HoldfastError(
    'damaged',
    `"${printableName(name)}" or its link target holds a NUL byte, which no name can.`,
  );
}

/** A field of the header as far as it fits: what is exact stands in the extended header. */
function headerText(text: string, length: number): string {
  return fits(text, length) ? text : text.slice(0, length).replace(/[^ -~]|\/$/g, '_');
}

function fits(text: string, length: number): boolean {
  return text.length <= length && isAscii(text);
}

function within(value: number, field: Parameters<typeof largestOctal>[0]): number {
  return value >= 0 && value <= largestOctal(field) ? value : 0;
}

function nameRecords(entry: Entry, name: ByteString, target: ByteString): Buffer[] {
  const { user = '' as ByteString, group = '' as ByteString } = entry;
  const texts = [
    { key: 'path', value: name, length: NAME_LENGTH },
    { key: 'linkpath', value: target, length: NAME_LENGTH },
    { key: 'uname', value: user, length: OWNER_LENGTH },
    { key: 'gname', value: group, length: OWNER_LENGTH },
  ];
  const records = texts
    .filter(({ value, length }) => !fits(value, length))
    .map(({ key, value }) => encodeRecord(key, value));
  const isBinary = texts.some(({ value }) => decodeText(value) === undefined);
  return isBinary ? [encodeRecord('hdrcharset', 'BINARY'), ...records] : records;
}

function numberRecords(entry: Entry, storedSize: number): Buffer[] {
  const records: Buffer[] = [];
  if (within(entry.uid, 'uid') !== entry.uid) records.push(encodeRecord('uid', String(entry.uid)));
  if (within(entry.gid, 'gid') !== entry.gid) records.push(encodeRecord('gid', String(entry.gid)));
  if (within(storedSize, 'size') !== storedSize) records.push(encodeRecord('size', String(storedSize)));
  const time = formatPaxTime(entry.mtimeNs);
  if (!/^\d{1,10}$/.test(time) || Number(time) > largestOctal('mtime')) records.push(encodeRecord('mtime', time));
  return records;
}

function sparseRecords(name: ByteString, size: number): Buffer[] {
  return [
    encodeRecord('GNU.sparse.major', '1'),
    encodeRecord('GNU.sparse.minor', '0'),
    encodeRecord('GNU.sparse.name', name),
    encodeRecord('GNU.sparse.realsize', String(size)),
  ];
}

/** ACLs as text where it can be made; other attributes raw, `%` and `=` in their names as GNU tar encodes them. */
function xattrRecord({ name, value }: Xattr): Buffer {
  const aclKey = ACL_KEYS[name];
  const text = aclKey === undefined ? undefined : aclToText(value);
  if (aclKey !== undefined && text !== undefined) return encodeRecord(aclKey, text);
  return encodeRecord(`SCHILY.xattr.${name.replaceAll('%', '%25').replaceAll('=', '%3D')}`, value);
}

function extendedHeader(name: ByteString, records: readonly Buffer[]): Buffer[] {
  if (records.length === 0) return [];
  const body = Buffer.concat(records);
  const header = encodeHeader({
    typeflag: 'x',
    name: headerText(`PaxHeaders/${name.replace(/\/$/, '').split('/').at(-1)}`, NAME_LENGTH),
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    mtime: 0,
  });
  return [header, body, Buffer.alloc(paddingAfter(body.length))];
}
