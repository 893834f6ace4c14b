const DAY_MS = 86_400_000;
/** Fewer samples, or a shorter time, tell nothing. */
const LEAST_SAMPLES = 4;
const LEAST_DAYS = 3;
/** What was longer ago says little of what comes. */
const LOOKS_BACK_DAYS = 30;

/**
 * In how many days something will be full, from the trend of its samples; null where that is unknown or it does not grow. The slope is the median over all pairs of
 * samples, which one large backup or one prune does not bend (Theil 1950, Sen 1968).
 */
export function daysUntil(
  samples: readonly { at: string; value: number }[],
  limit: number,
  nowMs: number,
): number | null {
  const points = samples
    .map(({ at, value }) => ({ day: (Date.parse(at) - nowMs) / DAY_MS, value }))
    .filter(({ day }) => day >= -LOOKS_BACK_DAYS);
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return null;
  if (points.length < LEAST_SAMPLES || last.day - first.day < LEAST_DAYS) return null;
  if (last.value >= limit) return 0;
  const slope = median(pairSlopes(points));
  return slope <= 0 ? null : (limit - last.value) / slope;
}

function pairSlopes(points: readonly { day: number; value: number }[]): number[] {
  return points.flatMap((from, i) =>
    points.slice(i + 1).flatMap((to) => (to.day > from.day ? [(to.value - from.value) / (to.day - from.day)] : [])),
  );
}

/** Of at least one number; the mean of the two in the middle where there is no middle. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return (low + high) / 2;
}
