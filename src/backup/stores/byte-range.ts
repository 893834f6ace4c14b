import { HoldfastError } from '../../shared/errors.ts';
import type { ByteRange } from '../ports.ts';

/** First byte and end (exclusive) of what `range` selects from an object of `size` bytes; the whole without a range. */
export function resolveRange(range: ByteRange | undefined, size: number): { start: number; end: number } {
  if (range === undefined) return { start: 0, end: size };
  if (!Number.isSafeInteger(range.offset) || !Number.isSafeInteger(range.length) || range.length < 0) {
    throw new HoldfastError('usage', `Not a byte range: offset ${range.offset}, length ${range.length}.`);
  }
  const start = range.offset < 0 ? Math.max(0, size + range.offset) : Math.min(range.offset, size);
  return { start, end: Math.min(size, start + range.length) };
}
