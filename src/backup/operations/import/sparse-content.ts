import type { Hole } from '../../entry.ts';

/** A manifest takes no more holes of one file (docs/FORMAT.md section 14). */
const MAX_HOLES = 65_536;
const ZEROS = Buffer.alloc(2 ** 20);

/** The largest holes that a manifest takes; the others are to be filled. */
export function keepLargest(holes: readonly Hole[], most = MAX_HOLES): { kept: readonly Hole[]; filled: Set<Hole> } {
  if (holes.length <= most) return { kept: holes, filled: new Set() };
  const bySize = holes.toSorted((a, b) => b.length - a.length);
  const filled = new Set(bySize.slice(most));
  return { kept: holes.filter((hole) => !filled.has(hole)), filled };
}

/** The stored data of a file, with zeros where the holes to be filled are. */
export async function* fillHoles(
  content: AsyncIterable<Uint8Array>,
  holes: readonly Hole[],
  filled: ReadonlySet<Hole>,
): AsyncGenerator<Uint8Array> {
  let position = 0;
  let next = 0;
  function* pass(): Generator<Uint8Array> {
    for (let hole = holes[next]; hole?.offset === position; hole = holes[++next]) {
      if (filled.has(hole)) yield* zeros(hole.length);
      position += hole.length;
    }
  }
  for await (const piece of content) {
    for (let at = 0; at < piece.length; ) {
      yield* pass();
      const length = Math.min(piece.length - at, (holes[next]?.offset ?? Number.POSITIVE_INFINITY) - position);
      yield piece.subarray(at, at + length);
      at += length;
      position += length;
    }
  }
  yield* pass();
}

/** `length` zero bytes in pieces that all share one memory. */
export function* zeros(length: number): Generator<Uint8Array> {
  for (let left = length; left > 0; left -= ZEROS.length) yield left >= ZEROS.length ? ZEROS : ZEROS.subarray(0, left);
}
