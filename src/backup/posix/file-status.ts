import type { EntryType } from '../entry.ts';

/** What the kernel knows of one object of a file system, exactly. */
export interface FileStatus {
  type: EntryType;
  /** The twelve permission bits (07777). */
  mode: number;
  uid: number;
  gid: number;
  /** The device it lives on, encoded as by the C library's makedev. */
  dev: number;
  ino: bigint;
  nlink: number;
  /** Bytes. */
  size: number;
  /** Units of 512 bytes that are allocated. */
  blocks: number;
  /** Nanoseconds since 1970; may be negative. */
  mtimeNs: bigint;
  ctimeNs: bigint;
  /** Device nodes only. */
  device?: { major: number; minor: number };
}

/** The type bits of st_mode, shifted down by 12 (inode(7)). */
export const TYPE_BITS = {
  fifo: 1,
  'char-device': 2,
  directory: 4,
  'block-device': 6,
  file: 8,
  symlink: 10,
  socket: 12,
} as const satisfies Record<EntryType, number>;

const TYPES: readonly EntryType[] = Array.from(
  { length: 16 },
  (_, bits) => (Object.keys(TYPE_BITS) as EntryType[]).find((type) => TYPE_BITS[type] === bits) ?? 'file',
);

/** The type in a whole st_mode. */
export function typeOfMode(mode: number): EntryType {
  return TYPES[(mode >> 12) & 15] as EntryType;
}

export function isDevice(type: EntryType): boolean {
  return type === 'char-device' || type === 'block-device';
}

/** The C library's makedev(3) for the numbers that Linux has: 12 bits major, 20 bits minor. */
export function makeDevice(major: number, minor: number): number {
  return (minor & 0xff) + (major & 0xfff) * 0x100 + (minor >>> 8) * 0x100000;
}

/** The numbers in a device that makedev(3) encoded. */
export function splitDevice(device: number): { major: number; minor: number } {
  return { major: Math.floor(device / 0x100) & 0xfff, minor: (device & 0xff) + Math.floor(device / 0x100000) * 0x100 };
}
