import type { ByteString } from '../../shared/bytes.ts';
import { toByteString } from '../../shared/bytes.ts';
import { HoldfastError } from '../../shared/errors.ts';
import type { Entry } from '../entry.ts';
import type { OwnerLookup } from './acl.ts';
import type { WarningSink } from './archive-warning.ts';
import { WarningLog } from './archive-warning.ts';
import { ByteStream } from './byte-stream.ts';
import { cutShort, MemberData } from './member-data.ts';
import type { PaxRecord } from './pax-records.ts';
import { parseRecords } from './pax-records.ts';
import type { TarHeader } from './tar-block.ts';
import { BLOCK_SIZE, decodeHeader, hasValidChecksum, isZeroBlock, paddingAfter } from './tar-block.ts';
import type { MemberDescription } from './tar-member.ts';
import { memberEntry, memberName, recordLookup, storedSize } from './tar-member.ts';
import { fileShape } from './tar-sparse-member.ts';

export interface ArchiveMember {
  /**
   * Without digest and chunks. A hard link (`hardlink` set) has type `file` and size 0 whatever its target is:
   * archives do not say.
   */
  entry: Entry;
  /** The stored data: the content without its holes. To be read, if at all, before the next member is asked for. */
  content: AsyncIterable<Buffer>;
}

export interface TarReadOptions {
  onWarning: WarningSink;
  /** Finds the numbers of names in access control lists, which most archives give without. */
  lookupOwner: OwnerLookup;
}

/** Extended headers and long names beyond this are refused rather than held in memory. */
const MAX_HEADER_BYTES = 1024 * 1024;
/** How far the zeros after the end are read, so that a compressed stream reaches its checksum. */
const MAX_TRAILING_ZEROS = 64 * 1024 * 1024;

/** Global records that mean something for every member. Others (a path for all members, say) would be nonsense. */
const GLOBAL_KEYS = new Set(['mtime', 'uid', 'gid', 'uname', 'gname']);
const GLOBAL_NOTES = new Set(['comment', 'hdrcharset', 'charset', 'atime', 'ctime']);

/** Type flags of members that hold nothing of the tree. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  M: 'The member continues a file from another volume; it was left out.',
  N: 'The member is a list of long names of an obsolete format; it was left out.',
  A: 'The member holds an access control list of Solaris; it was left out.',
  E: 'The member holds extended attributes of Solaris; it was left out.',
  I: 'The member holds inode metadata of star; it was left out.',
};

/**
 * The members of a tar archive in its order, as far as they are safe to use: v7, ustar, pax (also as star,
 * libarchive and Python write it) and GNU archives with every sparse format. Memory does not grow with the archive.
 * Names are relative and hold no `..`; a member whose name or hard link could lead outside is left out with a
 * warning. Symbolic links keep their targets, wherever they lead. The same path may come more than once: the last
 * one counts.
 *
 * @throws HoldfastError `damaged` where the bytes are no archive, are cut short, or contradict themselves
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  options: TarReadOptions,
): AsyncGenerator<ArchiveMember> {
  const stream = new ByteStream(source);
  const warnings = new WarningLog(options.onWarning);
  const globals = new Map<string, Buffer>();
  try {
    for (;;) {
      const next = await nextMember(stream, globals, warnings);
      if (next === undefined) break;
      const { description } = next;
      const lookup = recordLookup(description);
      const data = new MemberData(stream, storedSize(description, lookup));
      const shape = await fileShape({
        ...next,
        lookup,
        nextHeaderBlock: () => wholeBlock(stream),
        nextDataBlock: () => data.block(),
        remaining: () => data.remaining,
      });
      const entry = memberEntry(description, lookup, { warnings, lookupOwner: options.lookupOwner });
      if (entry?.type === 'file' && entry.hardlink === undefined) {
        yield { entry: { ...entry, ...shape }, content: data.content() };
      } else if (entry !== undefined) {
        yield { entry, content: noContent() };
      }
      await data.skip();
    }
    warnings.finish();
  } finally {
    await stream.close();
  }
}

async function* noContent(): AsyncGenerator<Buffer> {}

async function wholeBlock(stream: ByteStream): Promise<Buffer> {
  const block = await stream.read(BLOCK_SIZE);
  if (block.length < BLOCK_SIZE) throw cutShort(stream.position);
  return block;
}

/** Reads headers up to the next one of a member of the tree. */
async function nextMember(
  stream: ByteStream,
  globals: Map<string, Buffer>,
  warnings: WarningLog,
): Promise<{ block: Buffer; description: MemberDescription } | undefined> {
  let records: PaxRecord[] = [];
  let longName: ByteString | undefined;
  let longLink: ByteString | undefined;
  for (let isFirst = true; ; isFirst = false) {
    const block = await headerBlock(stream, warnings);
    if (block === undefined) {
      if (isFirst) return undefined;
      throw new HoldfastError('damaged', 'The archive ends after an extended header whose member is missing.');
    }
    const header = decodeHeader(block);
    const description = { header, records, globals, longName, longLink };
    const leftOut = LEFT_OUT[header.typeflag];
    if (header.typeflag === 'x' || header.typeflag === 'X') {
      records = parseRecords(await extension(stream, header));
    } else if (header.typeflag === 'g') {
      addGlobals(globals, parseRecords(await extension(stream, header)), warnings);
    } else if (header.typeflag === 'L') {
      longName = upToNul(await extension(stream, header));
    } else if (header.typeflag === 'K') {
      longLink = upToNul(await extension(stream, header));
    } else if (header.typeflag === 'V') {
      await new MemberData(stream, storedSize(description, recordLookup(description))).skip();
    } else if (leftOut !== undefined) {
      const lookup = recordLookup(description);
      warnings.leaveOut(memberName(description, lookup), leftOut);
      await new MemberData(stream, storedSize(description, lookup)).skip();
      [records, longName, longLink] = [[], undefined, undefined];
    } else {
      return { block, description };
    }
  }
}

/** The next header block, checked, or undefined at the end of the archive. */
async function headerBlock(stream: ByteStream, warnings: WarningLog): Promise<Buffer | undefined> {
  const at = stream.position;
  const block = await stream.read(BLOCK_SIZE);
  if (block.length === 0 && at > 0) {
    warnings.add('' as ByteString, 'The archive ends without an end mark; members may be missing.');
    return undefined;
  }
  if (block.length === BLOCK_SIZE && isZeroBlock(block)) {
    await passEnd(stream, warnings);
    return undefined;
  }
  if (block.length === BLOCK_SIZE && hasValidChecksum(block)) return block;
  if (at === 0) {
    throw new HoldfastError('damaged', 'This is no tar archive: it does not begin with a valid header.', {
      advice: 'Give a .tar, .tar.gz or .tar.zst file; other kinds of archive have to be unpacked and backed up.',
    });
  }
  if (block.length < BLOCK_SIZE) throw cutShort(stream.position);
  throw new HoldfastError('damaged', `The archive is damaged at byte ${at}: the checksum of a header is wrong.`, {
    advice: 'Fetch or create the archive again.',
  });
}

/** Reads the zeros after the end mark's first block, and says so where something else follows. */
async function passEnd(stream: ByteStream, warnings: WarningLog): Promise<void> {
  const start = stream.position;
  while (stream.position - start < MAX_TRAILING_ZEROS) {
    const bytes = await stream.take(BLOCK_SIZE);
    if (bytes === undefined) return;
    if (isZeros(bytes)) continue;
    warnings.add('' as ByteString, `Data after the end mark at byte ${start - BLOCK_SIZE} was ignored.`);
    return;
  }
}

function isZeros(bytes: Buffer): boolean {
  return bytes.length === BLOCK_SIZE ? isZeroBlock(bytes) : bytes.every((byte) => byte === 0);
}

/** The body of an extended header or long name. */
async function extension(stream: ByteStream, header: TarHeader): Promise<Buffer> {
  if (header.size < 0n || header.size > MAX_HEADER_BYTES) {
    throw new HoldfastError(
      'damaged',
      `The archive has an extended header of ${header.size} bytes; the limit is ${MAX_HEADER_BYTES}.`,
    );
  }
  const size = Number(header.size);
  const padded = size + paddingAfter(size);
  const body = await stream.read(padded);
  if (body.length < padded) throw cutShort(stream.position);
  return body.subarray(0, size);
}

function upToNul(body: Buffer): ByteString {
  const end = body.indexOf(0);
  return toByteString(end < 0 ? body : body.subarray(0, end));
}

function addGlobals(globals: Map<string, Buffer>, records: readonly PaxRecord[], warnings: WarningLog): void {
  for (const { key, value } of records) {
    if (GLOBAL_KEYS.has(key)) globals.set(key, Buffer.from(value));
    else if (!GLOBAL_NOTES.has(key)) {
      warnings.add(
        '' as ByteString,
        'A global header sets a property that each member has its own of; it was ignored.',
      );
    }
  }
}
