import type { Xattr } from '../../../src/backup/entry.ts';
import { encodeText } from '../../../src/shared/bytes.ts';

export function xattr(name: string, value: string | Uint8Array): Xattr {
  return { name: encodeText(name), value: Buffer.from(value) };
}

/** Tags of ACL entries as the Linux kernel numbers them (include/uapi/linux/posix_acl.h). */
const TAGS = { owner: 0x01, user: 0x02, group: 0x04, namedGroup: 0x08, mask: 0x10, other: 0x20 } as const;
const NOBODY = 0xffffffff;

/** An ACL in the kernel's bytes: version 2, then tag, permissions and ID of each entry. */
export function acl(entries: readonly [tag: keyof typeof TAGS, permissions: number, id?: number][]): Buffer {
  const bytes = Buffer.alloc(4 + 8 * entries.length);
  bytes.writeUInt32LE(2, 0);
  entries.forEach(([tag, permissions, id = NOBODY], i) => {
    bytes.writeUInt16LE(TAGS[tag], 4 + 8 * i);
    bytes.writeUInt16LE(permissions, 6 + 8 * i);
    bytes.writeUInt32LE(id, 8 + 8 * i);
  });
  return bytes;
}

export const ACCESS_ACL = 'system.posix_acl_access';
export const DEFAULT_ACL = 'system.posix_acl_default';

/** cap_net_bind_service, permitted and effective, in revision 2 of the kernel's bytes (include/uapi/linux/capability.h). */
export const FILE_CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex');
