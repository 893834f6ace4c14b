import { HoldfastError } from '../../shared/errors.ts';
import type { Hole } from '../entry.ts';
import type { PaxRecord } from './pax-records.ts';
import type { Extent } from './sparse.ts';
import {
  holesBetween,
  pairUp,
  parseCommaMap,
  parseMapNumber,
  readOldSparseMap,
  readSparseMap,
  totalLength,
} from './sparse.ts';
import type { MemberDescription, RecordLookup } from './tar-member.ts';

export interface FileShape {
  /** Logical size in bytes. */
  size: number;
  holes: Hole[] | undefined;
}

export interface SparseInput {
  description: MemberDescription;
  /** The member's header block: type `S` keeps its map there. */
  block: Buffer;
  lookup: RecordLookup;
  /** Reads the next block of the archive, not of the member's data (type `S`). */
  nextHeaderBlock: () => Promise<Buffer>;
  /** Reads the next block of the member's data (format 1.0). */
  nextDataBlock: () => Promise<Buffer>;
  /** How many bytes of the member's data have not been read. */
  remaining: () => number;
}

/** Type flags of files: POSIX, before POSIX, contiguous, old GNU sparse. */
const FILES = new Set(['0', '\0', '7', 'S']);

/**
 * Size and holes of a file in any of GNU tar's sparse formats (`S`, 0.0, 0.1, 1.0), or in none. Reads the map, so
 * that what follows in the stream is data.
 */
export async function fileShape(input: SparseInput): Promise<FileShape> {
  const map = await sparseMap(input);
  if (map === undefined) return { size: input.remaining(), holes: undefined };
  if (totalLength(map.extents) !== input.remaining()) {
    throw new HoldfastError(
      'damaged',
      `The archive has a sparse file whose map lists ${totalLength(map.extents)} bytes, but it holds ${input.remaining()}.`,
    );
  }
  const holes = holesBetween(map.extents, map.realSize);
  return { size: map.realSize, holes: holes.length > 0 ? holes : undefined };
}

async function sparseMap(input: SparseInput): Promise<{ extents: Extent[]; realSize: number } | undefined> {
  const { lookup } = input;
  const { header, records } = input.description;
  if (!FILES.has(header.typeflag)) return undefined;
  if (header.typeflag === 'S') {
    if (header.dialect !== 'gnu') throw unknownFormat();
    return readOldSparseMap(input.block, input.nextHeaderBlock);
  }
  const major = lookup('GNU.sparse.major');
  const commas = lookup('GNU.sparse.map');
  const size = lookup('GNU.sparse.realsize') ?? lookup('GNU.sparse.size');
  if (major === undefined && commas === undefined && size === undefined) return undefined;
  if (size === undefined) throw new HoldfastError('damaged', 'The archive has a sparse file without its size.');
  const realSize = parseMapNumber(size);
  if (major === undefined || major === '0') {
    return { extents: commas === undefined ? repeatedPairs(records) : parseCommaMap(commas), realSize };
  }
  if (major === '1' && lookup('GNU.sparse.minor') === '0') {
    return { extents: await readSparseMap(input.nextDataBlock), realSize };
  }
  throw unknownFormat();
}

function unknownFormat(): HoldfastError {
  return new HoldfastError('damaged', 'The archive has a sparse file in a format that only its own tar reads.', {
    advice: 'Extract it with the tar that wrote it and back up the folder.',
  });
}

/** Format 0.0: alternating records `GNU.sparse.offset` and `GNU.sparse.numbytes`. */
function repeatedPairs(records: readonly PaxRecord[]): Extent[] {
  const numbers: number[] = [];
  for (const { key, value } of records) {
    if (key !== 'GNU.sparse.offset' && key !== 'GNU.sparse.numbytes') continue;
    const expected = numbers.length % 2 === 0 ? 'GNU.sparse.offset' : 'GNU.sparse.numbytes';
    if (key !== expected)
      throw new HoldfastError('damaged', 'The archive has a sparse map with an offset too few or too many.');
    numbers.push(parseMapNumber(value.toString('latin1')));
  }
  return pairUp(numbers);
}
