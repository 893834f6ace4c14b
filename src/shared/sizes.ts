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

const BYTE_UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes in binary units with three significant digits: `17 B`, `1.50 MiB`, `213 GiB`. */
export function formatBytes(bytes: number): string {
  if (Math.abs(bytes) < 1024) return `${Math.round(bytes)} B`;
  let scaled = bytes;
  let unit = -1;
  // 1023.5 would print as 1024: the next unit takes over there.
  while (Math.abs(scaled) >= 1023.5 && unit < BYTE_UNITS.length - 1) {
    scaled /= 1024;
    unit++;
  }
  const size = Math.abs(scaled);
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return `${scaled.toFixed(digits)} ${BYTE_UNITS[Math.max(unit, 0)]}`;
}

/** Bytes as `parseSize` reads them back exactly: `5GiB`, `1500B`. */
export function exactSize(bytes: number): string {
  const power = bytes === 0 ? 0 : [4, 3, 2, 1].find((exponent) => bytes % 1024 ** exponent === 0);
  return power ? `${bytes / 1024 ** power}${BYTE_UNITS[power - 1]}` : `${bytes}B`;
}
