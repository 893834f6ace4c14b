const UNIT = 1024;
const DAY_MS = 86_400_000;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** A linear map from values to places. */
export function linear(from: readonly [number, number], to: readonly [number, number]): (value: number) => number {
  const span = from[1] - from[0];
  return (value) => (span === 0 ? to[0] : to[0] + ((value - from[0]) / span) * (to[1] - to[0]));
}

/** Round values from 0 to at least `largest`, about four of them; bytes are rounded in their binary unit. */
export function roundTicks(largest: number, kind: 'bytes' | 'number'): number[] {
  const unit = kind === 'bytes' ? UNIT ** Math.max(Math.floor(Math.log(Math.max(largest, 1)) / Math.log(UNIT)), 0) : 1;
  const rough = (largest > 0 ? largest / unit : 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power * unit;
  const count = Math.max(Math.ceil(largest / step - 1e-9), 1);
  return Array.from({ length: count + 1 }, (_, i) => i * step);
}

/** Beginnings of days (UTC) within a time, at most about five of them. */
export function dayTicks(fromMs: number, toMs: number): number[] {
  const days = (toMs - fromMs) / DAY_MS;
  const step = [1, 2, 5, 7, 14, 30, 60, 90, 180, 365].find((one) => days / one <= 5) ?? Math.ceil(days / 5);
  const first = Math.ceil(fromMs / DAY_MS) * DAY_MS;
  const count = Math.max(Math.floor((toMs - first) / (step * DAY_MS)), 0);
  return Array.from({ length: count + 1 }, (_, i) => first + i * step * DAY_MS);
}

/** `3 Dec`. */
export function shortDate(ms: number): string {
  const date = new Date(ms);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ''}`;
}
