import type { ByteString } from '../../shared/bytes.ts';
import { toByteString } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';

/**
 * The 512-byte header block of a tar archive: POSIX.1-2017 `pax`, "ustar Interchange Format", and "Basic Tar
 * Format" of the GNU tar manual for the other dialects.
 */
export const BLOCK_SIZE = 512;

const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  typeflag: [156, 1],
  linkname: [157, 100],
  magic: [257, 8],
  uname: [265, 32],
  gname: [297, 32],
  devmajor: [329, 8],
  devminor: [337, 8],
  prefix: [345, 155],
} as const satisfies Record<string, readonly [offset: number, length: number]>;

type FieldName = keyof typeof FIELDS;

export type Dialect = 'v7' | 'ustar' | 'gnu';

const MAGICS: Readonly<Record<string, Dialect>> = { 'ustar\x0000': 'ustar', 'ustar  \0': 'gnu' };
/** The last four bytes by which star marks its own layout, whose name prefix is shorter. */
const STAR_TRAILER = 'tar\0';
const STAR_PREFIX_LENGTH = 131;

export interface TarHeader {
  dialect: Dialect;
  typeflag: string;
  /** Prefix and name joined, as they stand in the block. */
  name: ByteString;
  linkname: ByteString;
  uname: ByteString;
  gname: ByteString;
  mode: bigint;
  uid: bigint;
  gid: bigint;
  size: bigint;
  /** Whole seconds since 1970. */
  mtime: bigint;
  devmajor: bigint;
  devminor: bigint;
}

function fieldOf(block: Buffer, name: FieldName): Buffer {
  const [offset, length] = FIELDS[name];
  return block.subarray(offset, offset + length);
}

function textOf(field: Buffer): ByteString {
  const end = field.indexOf(0);
  return toByteString(end < 0 ? field : field.subarray(0, end));
}

/**
 * A number of a header: octal digits between blanks and NULs, or big-endian two's complement where the first bit
 * is set (base-256). An empty field is 0.
 */
export function parseNumber(field: Buffer, what: string): bigint {
  const first = field[0] ?? 0;
  if (first & 0x80) {
    const negative = (first & 0x40) !== 0;
    const digits = Buffer.from(field);
    digits[0] = negative ? first : first & 0x7f;
    const value = BigInt(`0x${digits.toString('hex')}`);
    return negative ? value - (1n << BigInt(8 * field.length)) : value;
  }
  const octal = /^[ \0]*([0-7]*)(?:[ \0]|$)/.exec(field.toString('latin1'));
  if (octal === null) throw new HoldfastError('damaged', `The archive's header holds no number as its ${what}.`);
  return BigInt(`0o${octal[1] || '0'}`);
}

/** Sums of the block's bytes with the checksum field taken as blanks: unsigned, and signed as some old writers did. */
function checksums(block: Buffer): { unsigned: number; signed: number } {
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  const [from, length] = FIELDS.checksum;
  for (let i = 0; i < BLOCK_SIZE; i++) {
    if (i >= from && i < from + length) continue;
    const byte = block[i] ?? 0;
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 0x100;
  }
  return { unsigned, signed };
}

export function hasValidChecksum(block: Buffer): boolean {
  const stored = /^[ \0]*([0-7]{1,8})(?:[ \0]|$)/.exec(fieldOf(block, 'checksum').toString('latin1'));
  if (stored === null) return false;
  const value = Number.parseInt(stored[1] ?? '', 8);
  const sums = checksums(block);
  return value === sums.unsigned || value === sums.signed;
}

const ZEROS = Buffer.alloc(BLOCK_SIZE);

export function isZeroBlock(block: Buffer): boolean {
  return block.equals(ZEROS);
}

/** Takes a header block apart, whose checksum has been checked. */
export function decodeHeader(block: Buffer): TarHeader {
  const number = (name: FieldName) => parseNumber(fieldOf(block, name), name);
  const dialect = MAGICS[fieldOf(block, 'magic').toString('latin1')] ?? 'v7';
  const known = dialect !== 'v7';
  const typeflag = fieldOf(block, 'typeflag').toString('latin1');
  const isDevice = typeflag === '3' || typeflag === '4';
  return {
    dialect,
    typeflag,
    name: dialect === 'ustar' ? joinedName(block) : textOf(fieldOf(block, 'name')),
    linkname: textOf(fieldOf(block, 'linkname')),
    uname: known ? textOf(fieldOf(block, 'uname')) : ('' as ByteString),
    gname: known ? textOf(fieldOf(block, 'gname')) : ('' as ByteString),
    mode: number('mode'),
    uid: number('uid'),
    gid: number('gid'),
    size: number('size'),
    mtime: number('mtime'),
    devmajor: isDevice ? number('devmajor') : 0n,
    devminor: isDevice ? number('devminor') : 0n,
  };
}

function joinedName(block: Buffer): ByteString {
  const isStar = block.toString('latin1', BLOCK_SIZE - STAR_TRAILER.length) === STAR_TRAILER;
  const field = fieldOf(block, 'prefix');
  const prefix = textOf(isStar ? field.subarray(0, STAR_PREFIX_LENGTH) : field);
  const name = textOf(fieldOf(block, 'name'));
  return (prefix === '' ? name : `${prefix}/${name}`) as ByteString;
}

/** The longest name and link target that a header holds by itself, and the longest user and group name. */
export const NAME_LENGTH = FIELDS.name[1];
export const OWNER_LENGTH = FIELDS.uname[1] - 1;

/** The largest value that fits a field as octal digits with a closing NUL. */
export function largestOctal(name: 'uid' | 'gid' | 'size' | 'mtime'): number {
  return 8 ** (FIELDS[name][1] - 1) - 1;
}

function putNumber(block: Buffer, name: FieldName, value: number): void {
  const field = fieldOf(block, name);
  const digits = value.toString(8);
  if (digits.length < field.length) {
    field.write(`${digits.padStart(field.length - 1, '0')}\0`, 'latin1');
    return;
  }
  field.write(value.toString(16).padStart(2 * field.length, '0'), 'hex');
  field[0] = 0x80;
}

export interface HeaderFields {
  typeflag: string;
  /** At most 100 bytes, as `linkname`; user and group names at most 31. */
  name: string;
  linkname?: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  uname?: string;
  gname?: string;
  device?: { major: number; minor: number } | undefined;
}

/** A ustar header block. Strings are raw bytes; numbers are not negative, and too large ones become base-256. */
export function encodeHeader(fields: HeaderFields): Buffer {
  const block = Buffer.alloc(BLOCK_SIZE);
  const putText = (name: FieldName, text: string) => fieldOf(block, name).write(text, 'latin1');
  putText('name', fields.name);
  putNumber(block, 'mode', fields.mode);
  putNumber(block, 'uid', fields.uid);
  putNumber(block, 'gid', fields.gid);
  putNumber(block, 'size', fields.size);
  putNumber(block, 'mtime', fields.mtime);
  putText('typeflag', fields.typeflag);
  putText('linkname', fields.linkname ?? '');
  putText('magic', 'ustar\x0000');
  putText('uname', fields.uname ?? '');
  putText('gname', fields.gname ?? '');
  putNumber(block, 'devmajor', fields.device?.major ?? 0);
  putNumber(block, 'devminor', fields.device?.minor ?? 0);
  putText('checksum', `${checksums(block).unsigned.toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** How many bytes bring `size` up to whole blocks. */
export function paddingAfter(size: number): number {
  return (BLOCK_SIZE - (size % BLOCK_SIZE)) % BLOCK_SIZE;
}
