const bits = new DataView(new ArrayBuffer(8));

/**
 * Node sets file times from a double of seconds, which near today is 238 ns coarse. Returns the argument for the
 * `utimes` calls whose effect is the latest possible time that is not after `timeNs`: a file restored
 * this way never looks newer than it was. Times before 1970 go as text, because Node takes a negative number for "now".
 */
export function floatTime(timeNs: bigint): number | string {
  let seconds = Number(timeNs) / 1e9;
  // The quotient is within a step or two of the answer, on either side.
  while (setTimeNs(seconds) > timeNs) seconds = neighbour(seconds, -1);
  for (let next = seconds; setTimeNs(next) <= timeNs; next = neighbour(next, 1)) {
    seconds = next;
    if (setTimeNs(next) === timeNs) break;
  }
  return seconds < 0 ? String(seconds) : seconds;
}

/** The time that libuv makes of a double (uv__fs_to_timespec): whole seconds and nanoseconds, both cut towards zero. */
function setTimeNs(seconds: number): bigint {
  const whole = Math.trunc(seconds);
  return BigInt(whole) * 1_000_000_000n + BigInt(Math.trunc((seconds - whole) * 1e9));
}

/** The next double above (1) or below (-1). */
function neighbour(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * Number.MIN_VALUE;
  bits.setFloat64(0, value);
  const away = value > 0 === direction > 0;
  bits.setBigInt64(0, bits.getBigInt64(0) + (away ? 1n : -1n));
  return bits.getFloat64(0);
}
