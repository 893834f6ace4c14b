import type { ByteString } from '../../shared/bytes.ts';

/**
 * POSIX access control lists in their two forms: the value of the extended attributes `system.posix_acl_access`
 * and `system.posix_acl_default` (linux/posix_acl_xattr.h: u32 version 2, then per entry u16 tag, u16 permissions,
 * u32 ID, little-endian) and the text of archives (acl_to_text(3)), with numeric IDs.
 */
const VERSION = 2;
const HEADER_SIZE = 4;
const ENTRY_SIZE = 8;
const NO_ID = 0xffffffff;

/** Kernel tags; those in the second column carry an ID. */
const TAGS = [
  { tag: 0x01, name: 'user', hasId: false },
  { tag: 0x02, name: 'user', hasId: true },
  { tag: 0x04, name: 'group', hasId: false },
  { tag: 0x08, name: 'group', hasId: true },
  { tag: 0x10, name: 'mask', hasId: false },
  { tag: 0x20, name: 'other', hasId: false },
] as const;

type TagName = (typeof TAGS)[number]['name'];

interface AclEntry {
  tag: number;
  permissions: number;
  id: number;
}

/** Finds the number of a user or group by its raw name; undefined where this host knows none. */
export type OwnerLookup = (kind: 'user' | 'group', name: ByteString) => number | undefined;

function permissionsText(bits: number): string {
  return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${bits & 1 ? 'x' : '-'}`;
}

/** The text of a kernel value, entries joined by commas, or undefined where the value is none. */
export function aclToText(value: Buffer): string | undefined {
  if (value.length <= HEADER_SIZE || (value.length - HEADER_SIZE) % ENTRY_SIZE !== 0) return undefined;
  if (value.readUInt32LE(0) !== VERSION) return undefined;
  const lines: string[] = [];
  for (let at = HEADER_SIZE; at < value.length; at += ENTRY_SIZE) {
    const tag = TAGS.find((known) => known.tag === value.readUInt16LE(at));
    const permissions = value.readUInt16LE(at + 2);
    if (tag === undefined || permissions > 7) return undefined;
    const id = tag.hasId ? value.readUInt32LE(at + 4) : '';
    lines.push(`${tag.name}:${id}:${permissionsText(permissions)}`);
  }
  return lines.join(',');
}

const SHORT_NAMES: Readonly<Record<string, TagName>> = {
  user: 'user',
  u: 'user',
  group: 'group',
  g: 'group',
  mask: 'mask',
  m: 'mask',
  other: 'other',
  o: 'other',
};

/** Three letters in any order of the forms `rwx`, `r--`, `r`. */
function parsePermissions(text: string): number | undefined {
  if (!/^[rwx-]{1,4}$/.test(text)) return undefined;
  return (text.includes('r') ? 4 : 0) | (text.includes('w') ? 2 : 0) | (text.includes('x') ? 1 : 0);
}

function parseId(kind: 'user' | 'group', name: string, numeric: string | undefined, lookup: OwnerLookup) {
  const digits = [numeric, name].find((field) => field !== undefined && /^\d{1,10}$/.test(field));
  const id = digits === undefined ? lookup(kind, name as ByteString) : Number(digits);
  return id !== undefined && id < NO_ID ? id : undefined;
}

/** `user::rw-`, `user:NAME:rw-`, `user:NAME:rw-:ID` (star), `mask::rwx`, `other:r--`, perhaps after `default:`. */
function parseLine(line: string, lookup: OwnerLookup): AclEntry | undefined {
  const fields = line.split(':').map((field) => field.trim());
  if (fields[0] === 'default' || fields[0] === 'd') fields.shift();
  const name = SHORT_NAMES[fields.shift() ?? ''];
  if (name === undefined) return undefined;
  if ((name === 'mask' || name === 'other') && fields.length === 1) fields.unshift('');
  const [qualifier = '', letters = '', numeric] = fields;
  const permissions = parsePermissions(letters);
  const known = TAGS.find((tag) => tag.name === name && tag.hasId === (qualifier !== ''));
  if (known === undefined || permissions === undefined) return undefined;
  if (!known.hasId) return { tag: known.tag, permissions, id: NO_ID };
  const id = parseId(known.name, qualifier, numeric, lookup);
  return id === undefined ? undefined : { tag: known.tag, permissions, id };
}

const MAX_ENTRIES = 65_536 / ENTRY_SIZE;

/**
 * The kernel value of an archive's text, or undefined where a line is not understood or names someone unknown.
 * Entries come in the kernel's order (by tag, then by ID), whatever their order in the text.
 */
export function aclFromText(text: string, lookup: OwnerLookup): Buffer | undefined {
  const lines = text.split(/[,\n]/).map((line) => line.replace(/#.*/, '').trim());
  const entries: AclEntry[] = [];
  for (const line of lines) {
    if (line === '') continue;
    const entry = parseLine(line, lookup);
    if (entry === undefined || entries.length >= MAX_ENTRIES) return undefined;
    entries.push(entry);
  }
  if (entries.length === 0) return undefined;
  entries.sort((a, b) => a.tag - b.tag || a.id - b.id);
  return encodeEntries(entries);
}

function encodeEntries(entries: readonly AclEntry[]): Buffer {
  const value = Buffer.alloc(HEADER_SIZE + entries.length * ENTRY_SIZE);
  value.writeUInt32LE(VERSION, 0);
  entries.forEach((entry, i) => {
    const at = HEADER_SIZE + i * ENTRY_SIZE;
    value.writeUInt16LE(entry.tag, at);
    value.writeUInt16LE(entry.permissions, at + 2);
    value.writeUInt32LE(entry.id, at + 4);
  });
  return value;
}

/** True where an access ACL says no more than the permission bits: the kernel then stores none. */
export function isMinimalAcl(value: Buffer): boolean {
  for (let at = HEADER_SIZE; at < value.length; at += ENTRY_SIZE) {
    if (![0x01, 0x04, 0x20].includes(value.readUInt16LE(at))) return false;
  }
  return true;
}
