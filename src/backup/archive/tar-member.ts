import type { ByteString } from '../../shared/bytes.ts';
import { toByteString } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { Entry, EntryType } from '../entry.ts';
import type { OwnerLookup } from './acl.ts';
import type { WarningLog } from './archive-warning.ts';
import { memberPath } from './member-path.ts';
import type { PaxRecord } from './pax-records.ts';
import { parsePaxTime, secondsToNs } from './pax-time.ts';
import type { TarHeader } from './tar-block.ts';
import { memberXattrs } from './tar-xattrs.ts';

/** What precedes a member's data: its header and what extended headers and GNU long names say instead. */
export interface MemberDescription {
  header: TarHeader;
  records: readonly PaxRecord[];
  globals: ReadonlyMap<string, Buffer>;
  longName: ByteString | undefined;
  longLink: ByteString | undefined;
}

/** Values by keyword, the member's own before those of global headers; the last of repeated ones counts. */
export type RecordLookup = (key: string) => ByteString | undefined;

export function recordLookup({ records, globals }: MemberDescription): RecordLookup {
  const values = new Map<string, Buffer>(globals);
  for (const { key, value } of records) values.set(key, value);
  return (key) => {
    const value = values.get(key);
    // An empty value withdraws the record: the header's own field counts.
    return value === undefined || value.length === 0 ? undefined : toByteString(value);
  };
}

/** Kinds by type flag. Unlisted ones that are no extension either are files, as POSIX asks. */
const TYPES: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'file',
  '2': 'symlink',
  '3': 'char-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
  D: 'directory',
};

const HARD_LINK = '1';

/** How many bytes of data follow the header, before any sparse map is taken off. */
export function storedSize(description: MemberDescription, lookup: RecordLookup): number {
  const { typeflag, size } = description.header;
  if (typeflag >= '2' && typeflag <= '6') return 0;
  // Old writers put a hard link's size without its data; only the pax format may have data there.
  if (typeflag === HARD_LINK && description.records.length === 0) return 0;
  const record = lookup('size');
  const value = record === undefined ? size : parseDecimal(record, 'size');
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new HoldfastError('damaged', `The archive gives ${value} bytes as the size of a member.`);
  }
  return Number(value);
}

export function parseDecimal(text: string, what: string): bigint {
  if (/^-?\d{1,20}$/.test(text)) return BigInt(text);
  throw new HoldfastError('damaged', `The archive's extended header holds no number as ${what}.`);
}

/** The name as the archive means it, raw and unchecked. */
export function memberName({ header, longName }: MemberDescription, lookup: RecordLookup): ByteString {
  return lookup('GNU.sparse.name') ?? lookup('path') ?? longName ?? header.name;
}

export interface EntryOptions {
  warnings: WarningLog;
  lookupOwner: OwnerLookup;
}

/** The entry of a member without its size and holes, or undefined where it is left out with a warning. */
export function memberEntry(
  description: MemberDescription,
  lookup: RecordLookup,
  { warnings, lookupOwner }: EntryOptions,
): Entry | undefined {
  const { header, longLink } = description;
  const name = memberName(description, lookup);
  const warn = (message: string) => warnings.add(name, message);
  const type = typeOf(header.typeflag, name, warn);
  const path = checkedPath(name, type, warnings);
  if (path === undefined) return undefined;
  const target = lookup('linkpath') ?? longLink ?? header.linkname;
  const links = linkFields(header.typeflag, path, target, (message) => warnings.leaveOut(name, message));
  if (links === undefined) return undefined;
  const xattrs = memberXattrs(description.records, lookupOwner, warn);
  return {
    path,
    type,
    mode: Number(header.mode & 0o7777n),
    uid: ownerNumber('uid', lookup, header.uid, warn),
    gid: ownerNumber('gid', lookup, header.gid, warn),
    user: lookup('uname') ?? nonEmpty(header.uname),
    group: lookup('gname') ?? nonEmpty(header.gname),
    mtimeNs: timeOf(lookup, header.mtime, warn),
    size: 0,
    device: type.endsWith('device') ? deviceOf(header) : undefined,
    xattrs: xattrs.length > 0 ? xattrs : undefined,
    ...links,
  };
}

type Warn = (message: string) => void;

function typeOf(typeflag: string, name: ByteString, warn: Warn): EntryType {
  const type = TYPES[typeflag];
  if (type === undefined) warn('The member has an unknown type; it is taken as a file.');
  // Archives from before folders had a type mark them by the slash.
  return (type ?? 'file') === 'file' && typeflag !== HARD_LINK && name.endsWith('/') ? 'directory' : (type ?? 'file');
}

function checkedPath(name: ByteString, type: EntryType, warnings: WarningLog): ByteString | undefined {
  const checked = memberPath(name);
  if (checked === undefined) {
    warnings.leaveOut(
      name,
      'The name has a ".." component or a NUL byte and could lead outside; the member was left out.',
    );
    return undefined;
  }
  if (checked.path === '' && type !== 'directory') {
    warnings.leaveOut(name, 'The member has no name; it was left out.');
    return undefined;
  }
  if (checked.wasAbsolute) warnings.addOnce(name, 'Leading slashes were taken off this and other absolute names.');
  return checked.path;
}

function linkFields(
  typeflag: string,
  path: ByteString,
  target: ByteString,
  warn: Warn,
): Pick<Entry, 'target' | 'hardlink'> | undefined {
  if (typeflag === '2') {
    if (target !== '' && !target.includes('\0')) return { target };
    warn('The symbolic link has no valid target; it was left out.');
    return undefined;
  }
  if (typeflag !== HARD_LINK) return {};
  const checked = memberPath(target);
  if (checked !== undefined && checked.path !== '' && checked.path !== path) return { hardlink: checked.path };
  warn('The hard link leads outside the archive or nowhere; it was left out.');
  return undefined;
}

function nonEmpty(name: ByteString): ByteString | undefined {
  return name === '' ? undefined : name;
}

const MAX_OWNER = 0xfffffffe;
const NOBODY = 65_534;

function ownerNumber(key: 'uid' | 'gid', lookup: RecordLookup, field: bigint, warn: Warn): number {
  const record = lookup(key);
  const value = record === undefined ? field : parseDecimal(record, key);
  if (value >= 0n && value <= MAX_OWNER) return Number(value);
  warn(`The ${key} ${value} is out of range; ${NOBODY} is used.`);
  return NOBODY;
}

function timeOf(lookup: RecordLookup, field: bigint, warn: Warn): bigint {
  const record = lookup('mtime');
  const time = record === undefined ? secondsToNs(field) : parsePaxTime(record);
  if (time !== undefined) return time;
  warn('The modification time is not valid; 1970-01-01 is used.');
  return 0n;
}

const MAX_DEVICE_NUMBER = 0xffffffffn;

function deviceOf({ devmajor, devminor }: TarHeader): Entry['device'] {
  const isValid = (value: bigint) => value >= 0n && value <= MAX_DEVICE_NUMBER;
  if (isValid(devmajor) && isValid(devminor)) return { major: Number(devmajor), minor: Number(devminor) };
  throw new HoldfastError('damaged', 'The archive has a device whose number is out of range.');
}
