import type { ByteString } from '../../shared/bytes.ts';
import { compareBytes, fromByteString, toByteString } from '../../shared/bytes.ts';
import type { Xattr } from '../entry.ts';
import type { OwnerLookup } from './acl.ts';
import { aclFromText, isMinimalAcl } from './acl.ts';
import type { PaxRecord } from './pax-records.ts';

/**
 * Extended attributes of a member, from the records of star and GNU tar (`SCHILY.xattr.NAME`, raw values, `%` and
 * `=` of the name as %25 and %3D; `SCHILY.acl.*`; `RHT.security.selinux`) and of libarchive (`LIBARCHIVE.xattr.NAME`,
 * name URL-encoded, value base64).
 */
const SCHILY = 'SCHILY.xattr.';
const LIBARCHIVE = 'LIBARCHIVE.xattr.';
const SELINUX = 'RHT.security.selinux';
const ACLS: Readonly<Record<string, { name: ByteString; isDefault: boolean }>> = {
  'SCHILY.acl.access': { name: 'system.posix_acl_access' as ByteString, isDefault: false },
  'SCHILY.acl.default': { name: 'system.posix_acl_default' as ByteString, isDefault: true },
};

/** Linux allows no longer names. */
const MAX_NAME_LENGTH = 255;

type Values = Map<ByteString, Buffer>;

/** Sorted by name. What cannot be taken over goes to `warn`. */
export function memberXattrs(
  records: readonly PaxRecord[],
  lookupOwner: OwnerLookup,
  warn: (message: string) => void,
): Xattr[] {
  const values: Values = new Map();
  for (const { key, value } of records) {
    if (key === SELINUX) values.set('security.selinux' as ByteString, Buffer.concat([value, Buffer.alloc(1)]));
  }
  addAcls(values, records, lookupOwner, warn);
  // libarchive writes both forms, and only its own is unambiguous about names.
  const isLibarchive = records.some(({ key }) => key.startsWith(LIBARCHIVE));
  for (const { key, value } of records) {
    const xattr = isLibarchive ? fromLibarchive(key, value) : fromSchily(key, value);
    if (xattr === undefined) continue;
    if (xattr === 'invalid') warn('An extended attribute is not valid; it was left out.');
    else values.set(xattr.name, Buffer.from(xattr.value));
  }
  return [...values]
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => compareBytes(fromByteString(a.name), fromByteString(b.name)));
}

function addAcls(
  values: Values,
  records: readonly PaxRecord[],
  lookupOwner: OwnerLookup,
  warn: (message: string) => void,
): void {
  for (const { key, value } of records) {
    const acl = ACLS[key];
    if (acl === undefined || value.length === 0) continue;
    const raw = aclFromText(value.toString('latin1'), lookupOwner);
    if (raw === undefined) warn('The access control list names someone unknown here or is not valid; it was left out.');
    else if (acl.isDefault || !isMinimalAcl(raw)) values.set(acl.name, raw);
  }
}

function fromSchily(key: ByteString, value: Buffer): Xattr | 'invalid' | undefined {
  if (!key.startsWith(SCHILY)) return undefined;
  const name = key.slice(SCHILY.length).replace(/%(25|3D)/g, (_, hex: string) => (hex === '25' ? '%' : '='));
  return checked(name, value);
}

function fromLibarchive(key: ByteString, value: Buffer): Xattr | 'invalid' | undefined {
  if (!key.startsWith(LIBARCHIVE)) return undefined;
  const text = value.toString('latin1');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return 'invalid';
  const name = key
    .slice(LIBARCHIVE.length)
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return checked(name, Buffer.from(text, 'base64'));
}

function checked(name: string, value: Buffer): Xattr | 'invalid' {
  if (name === '' || name.length > MAX_NAME_LENGTH || name.includes('\0')) return 'invalid';
  return { name: toByteString(Buffer.from(name, 'latin1')), value };
}
