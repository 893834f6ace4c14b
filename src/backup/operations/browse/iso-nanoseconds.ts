const NANOSECONDS = 1_000_000_000n;
/** The Gregorian calendar repeats after 400 years. */
const CYCLE_YEARS = 400;
const CYCLE_SECONDS = 146_097n * 86_400n;

/**
 * A time in nanoseconds since 1970 as ISO 8601 in UTC with nine digits. Years outside 0 to 9999 get a sign and six digits or more, also those that
 * JavaScript's Date cannot hold: file systems and archives have them.
 */
export function isoNanoseconds(timeNs: bigint): string {
  const fraction = modulo(timeNs, NANOSECONDS);
  const seconds = (timeNs - fraction) / NANOSECONDS;
  const within = modulo(seconds, CYCLE_SECONDS);
  const date = new Date(Number(within) * 1000);
  const year = date.getUTCFullYear() + CYCLE_YEARS * Number((seconds - within) / CYCLE_SECONDS);
  return `${yearText(year)}${date.toISOString().slice(4, 19)}.${String(fraction).padStart(9, '0')}Z`;
}

function yearText(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, '0');
  return `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`;
}

function modulo(value: bigint, divisor: bigint): bigint {
  const rest = value % divisor;
  return rest < 0n ? rest + divisor : rest;
}
