/** The middle value; the mean of the two middle ones where the count is even. Throws on an empty list. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('The median of no values is undefined: measure at least one run.');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/**
 * How many times longer the peer took: the median over runs of peer / ours, each run against the same run, so
 * that a slow spell of the machine touches both sides. Undefined where no run has both.
 */
export function pairedRatio(peer: ReadonlyMap<number, number>, ours: ReadonlyMap<number, number>): number | undefined {
  const ratios = [...ours].flatMap(([run, value]) => {
    const other = peer.get(run);
    return other === undefined ? [] : [other / value];
  });
  return ratios.length === 0 ? undefined : median(ratios);
}

/** `items` with the first `turns` moved to the end: each run starts with another tool. */
export function rotated<T>(items: readonly T[], turns: number): T[] {
  const start = items.length === 0 ? 0 : turns % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
