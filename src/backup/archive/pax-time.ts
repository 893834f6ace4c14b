/** Times of pax headers: decimal seconds since 1970 with a fraction, `-1.5` being one and a half seconds before. */
const NS_PER_SECOND = 1_000_000_000n;
const FRACTION_DIGITS = 9;
/** Seconds beyond this (285 million years) do not fit the snapshot's format. */
const MAX_SECONDS = BigInt(Number.MAX_SAFE_INTEGER);

export function formatPaxTime(ns: bigint): string {
  const magnitude = ns < 0n ? -ns : ns;
  const fraction = String(magnitude % NS_PER_SECOND)
    .padStart(FRACTION_DIGITS, '0')
    .replace(/0+$/, '');
  return `${ns < 0n ? '-' : ''}${magnitude / NS_PER_SECOND}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Nanoseconds, rounded down, or undefined where the text is no time or is out of range. */
export function parsePaxTime(text: string): bigint | undefined {
  const match = /^([+-]?)(\d{1,20})(?:\.(\d*))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = ''] = match;
  const digits = fraction.slice(0, FRACTION_DIGITS).padEnd(FRACTION_DIGITS, '0');
  const magnitude = BigInt(whole) * NS_PER_SECOND + BigInt(digits);
  if (magnitude / NS_PER_SECOND > MAX_SECONDS) return undefined;
  if (sign !== '-') return magnitude;
  return /[1-9]/.test(fraction.slice(FRACTION_DIGITS)) ? -magnitude - 1n : -magnitude;
}

/** Nanoseconds of a header's whole seconds, or undefined where they are out of range. */
export function secondsToNs(seconds: bigint): bigint | undefined {
  return seconds > MAX_SECONDS || seconds < -MAX_SECONDS ? undefined : seconds * NS_PER_SECOND;
}

/** Whole seconds of a time, rounded down. */
export function floorSeconds(ns: bigint): bigint {
  const seconds = ns / NS_PER_SECOND;
  return ns % NS_PER_SECOND < 0n ? seconds - 1n : seconds;
}
