import { editDistance } from '../shared/edit-distance.ts';

/** The candidate that `word` is most likely a typing error of, or undefined when none is near. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = word.toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  const near = candidates
    .map((candidate) => ({ candidate, distance: editDistance(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= limit || (wanted.length >= 3 && candidate.startsWith(wanted)));
  return near.sort((a, b) => a.distance - b.distance)[0]?.candidate;
}
