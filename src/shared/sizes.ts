import { HoldfastError } from './errors.ts';

const UNITS = ['', 'k', 'm', 'g', 't', 'p'];

/**
 * Bytes of a size such as `4096`, `10M`, `1.5 GiB` or `2 GB`: every unit is a power of 1024, whatever its spelling.
 *
 * @throws HoldfastError `usage` when the text is anything else
 */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(?:i?b)?$/.exec(text.trim().toLowerCase());
  const bytes = Math.round(Number(match?.[1]) * 1024 ** UNITS.indexOf(match?.[2] ?? ''));
  if (match && Number.isSafeInteger(bytes)) return bytes;
  throw new HoldfastError('usage', `${JSON.stringify(text)} is not a size`, {
    advice: 'Write a number of bytes, or a number and a unit such as 500K, 10M or 1.5G.',
  });
}
