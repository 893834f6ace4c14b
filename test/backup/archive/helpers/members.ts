import { createHash } from 'node:crypto';
import type { ArchiveWarning } from '../../../../src/backup/archive/archive-warning.ts';
import type { TarMember } from '../../../../src/backup/archive/pax-writer.ts';
import { writeTar } from '../../../../src/backup/archive/pax-writer.ts';
import { readTar } from '../../../../src/backup/archive/tar-reader.ts';
import type { Entry } from '../../../../src/backup/entry.ts';
import type { ByteString } from '../../../../src/shared/bytes.ts';
import { encodeText } from '../../../../src/shared/bytes.ts';

export const raw = (text: string) => text as ByteString;

/** An entry with plain values where none are given. */
export function entryOf(path: string, fields: Partial<Entry> = {}): Entry {
  return {
    path: encodeText(path),
    type: 'file',
    mode: 0o644,
    uid: 1000,
    gid: 100,
    mtimeNs: 1_700_000_000_123_456_789n,
    size: 0,
    ...fields,
  };
}

/** A file whose holes are filled in from its logical size and where its data lies. */
export function fileOf(path: string, data: Buffer, fields: Partial<Entry> = {}): TarMember {
  return { entry: entryOf(path, { size: data.length, ...fields }), content: [data] };
}

export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(pieces));
}

export async function* inPieces(bytes: Buffer, length = bytes.length): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

export async function archiveOf(
  members: readonly TarMember[],
  prefix?: string,
): Promise<{ bytes: Buffer; warnings: ArchiveWarning[] }> {
  const warnings: ArchiveWarning[] = [];
  const options = { prefix: prefix as ByteString | undefined, onWarning: (w: ArchiveWarning) => warnings.push(w) };
  return { bytes: await collect(writeTar(members, options)), warnings };
}

export interface ReadMember {
  entry: Entry;
  data: Buffer;
}

/** Users and groups that access control lists in the tests name. */
export const NAMES: Readonly<Record<string, number>> = { daemon: 1, bin: 2, sys: 3 };

export async function membersOf(
  archive: Buffer | AsyncIterable<Uint8Array>,
): Promise<{ members: ReadMember[]; warnings: ArchiveWarning[] }> {
  const warnings: ArchiveWarning[] = [];
  const members: ReadMember[] = [];
  const source = Buffer.isBuffer(archive) ? inPieces(archive, 65_536) : archive;
  const options = {
    onWarning: (w: ArchiveWarning) => warnings.push(w),
    lookupOwner: (_: string, name: string) => NAMES[name],
  };
  for await (const { entry, content } of readTar(source, options)) {
    members.push({ entry, data: await collect(content) });
  }
  return { members, warnings };
}

/** The logical content: the stored data with its holes as zeros. */
export function withHoles(entry: Entry, data: Buffer): Buffer {
  const content = Buffer.alloc(entry.size);
  let from = 0;
  let at = 0;
  for (const hole of [...(entry.holes ?? []), { offset: entry.size, length: 0 }]) {
    data.copy(content, at, from, from + hole.offset - at);
    from += hole.offset - at;
    at = hole.offset + hole.length;
  }
  return content;
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The kernel's value of an ACL, from rows of tag, permissions and ID. */
export function kernelAcl(rows: readonly (readonly [tag: number, permissions: number, id?: number])[]): Buffer {
  const value = Buffer.alloc(4 + 8 * rows.length);
  value.writeUInt32LE(2, 0);
  rows.forEach(([tag, permissions, id = 0xffffffff], i) => {
    value.writeUInt16LE(tag, 4 + 8 * i);
    value.writeUInt16LE(permissions, 6 + 8 * i);
    value.writeUInt32LE(id, 8 + 8 * i);
  });
  return value;
}
