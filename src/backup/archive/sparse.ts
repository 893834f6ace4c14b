import { HoldfastError } from '../../shared/errors.ts';
import type { Hole } from '../entry.ts';
import { BLOCK_SIZE, paddingAfter, parseNumber } from './tar-block.ts';

/**
 * Maps of sparse members: "Storing Sparse Files" in the GNU tar manual. A map lists where data lies; an entry lists
 * the holes between.
 */
export interface Extent {
  offset: number;
  length: number;
}

/** More than any file system makes in practice, and 64 MB of memory when a hostile archive uses it up. */
export const MAX_EXTENTS = 1_000_000;

function damaged(found: string): HoldfastError {
  return new HoldfastError('damaged', `The archive has a damaged sparse map: ${found}.`);
}

/** Where the data of a file of `size` bytes lies. Holes are ascending and within the file, else `damaged`. */
export function extentsBetween(holes: readonly Hole[], size: number): Extent[] {
  return gaps(holes, size, 'holes');
}

/** The holes of a member whose map and logical size are given. Extents of no length separate nothing. */
export function holesBetween(extents: readonly Extent[], size: number): Hole[] {
  return gaps(
    extents.filter((extent) => extent.length > 0),
    size,
    'extents',
  );
}

function gaps(runs: readonly Extent[], size: number, what: string): Extent[] {
  const between: Extent[] = [];
  let end = 0;
  for (const run of runs) {
    if (run.offset < end) throw damaged(`its ${what} overlap or are out of order`);
    if (run.offset > end) between.push({ offset: end, length: run.offset - end });
    end = run.offset + run.length;
    if (end > size) throw damaged(`its ${what} reach past the file's size of ${size} bytes`);
  }
  if (end < size) between.push({ offset: end, length: size - end });
  return between;
}

export function totalLength(extents: readonly Extent[]): number {
  return extents.reduce((sum, extent) => sum + extent.length, 0);
}

/** The map of format 1.0 that precedes the data, padded to whole blocks. A hole at the end is an extent of no length. */
export function encodeSparseMap(extents: readonly Extent[], size: number): Buffer {
  const last = extents.at(-1);
  const endsInHole = last === undefined || last.offset + last.length < size;
  const map = endsInHole ? [...extents, { offset: size, length: 0 }] : extents;
  const lines = [String(map.length), ...map.map((extent) => `${extent.offset}\n${extent.length}`), ''];
  const text = Buffer.from(lines.join('\n'));
  return Buffer.concat([text, Buffer.alloc(paddingAfter(text.length))]);
}

/** A decimal number of a map. */
export function parseMapNumber(text: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw damaged('a number in it is not valid');
  return value;
}

/** Pairs of numbers as extents. */
export function pairUp(numbers: readonly number[]): Extent[] {
  if (numbers.length % 2 !== 0) throw damaged('an offset has no length');
  const extents: Extent[] = [];
  for (let i = 0; i < numbers.length; i += 2) {
    extents.push({ offset: numbers[i] ?? 0, length: numbers[i + 1] ?? 0 });
  }
  return extents;
}

/** Format 0.1: `offset,length,offset,length` in one record. */
export function parseCommaMap(text: string): Extent[] {
  return text === '' ? [] : pairUp(text.split(',').map(parseMapNumber));
}

/** Reads format 1.0 from the blocks that `nextBlock` gives; the numbers arrive one to a line. */
export async function readSparseMap(nextBlock: () => Promise<Buffer>): Promise<Extent[]> {
  const numbers: number[] = [];
  let expected: number | undefined;
  let unfinished = '';
  while (expected === undefined || numbers.length < expected) {
    const lines = (unfinished + (await nextBlock()).toString('latin1')).split('\n');
    unfinished = lines.pop() ?? '';
    if (unfinished.length > BLOCK_SIZE) throw damaged('a line in it does not end');
    for (const line of lines) {
      if (expected === undefined) expected = 2 * checkedCount(parseMapNumber(line));
      else if (numbers.length < expected) numbers.push(parseMapNumber(line));
    }
  }
  return pairUp(numbers);
}

function checkedCount(count: number): number {
  if (count > MAX_EXTENTS) throw damaged(`it lists ${count} extents, more than the limit of ${MAX_EXTENTS}`);
  return count;
}

const PAIR_SIZE = 24;

/** Places of the old GNU format (type `S`) in the header block and in the blocks that extend it. */
const OLD_HEADER = { map: 386, pairs: 4, extended: 482, realSize: 483 };
const OLD_EXTENSION = { map: 0, pairs: 21, extended: 504 };

/** The map of a member of type `S`, whose extension blocks follow its header. */
export async function readOldSparseMap(
  header: Buffer,
  nextBlock: () => Promise<Buffer>,
): Promise<{ extents: Extent[]; realSize: number }> {
  const extents = oldPairs(header, OLD_HEADER);
  let more = header[OLD_HEADER.extended] !== 0;
  while (more) {
    const block = await nextBlock();
    for (const extent of oldPairs(block, OLD_EXTENSION)) extents.push(extent);
    checkedCount(extents.length);
    more = block[OLD_EXTENSION.extended] !== 0;
  }
  return { extents, realSize: oldNumber(header, OLD_HEADER.realSize) };
}

function oldPairs(block: Buffer, place: { map: number; pairs: number }): Extent[] {
  const extents: Extent[] = [];
  for (let i = 0; i < place.pairs; i++) {
    const at = place.map + i * PAIR_SIZE;
    if (block[at + PAIR_SIZE / 2] === 0) break;
    extents.push({ offset: oldNumber(block, at), length: oldNumber(block, at + PAIR_SIZE / 2) });
  }
  return extents;
}

function oldNumber(block: Buffer, at: number): number {
  const value = Number(parseNumber(block.subarray(at, at + PAIR_SIZE / 2), 'sparse map'));
  if (!Number.isSafeInteger(value) || value < 0) throw damaged('a number in it is not valid');
  return value;
}
