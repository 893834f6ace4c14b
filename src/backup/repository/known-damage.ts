import type { NoteBody } from '../format/bodies.ts';
import type { NoteOf } from './notes.ts';
import { depthNumber } from './obsolete-notes.ts';
import type { SnapshotRecord } from './snapshots.ts';

/**
 * The newest check that found damage in any finished snapshot, unless a later one of it that looked as deep found none; undefined where nothing is
 * known.
 */
export function knownDamage(snapshots: readonly SnapshotRecord[]): NoteOf<'verified'> | undefined {
  const found = snapshots.flatMap(({ confirmed, notes }) => (confirmed === undefined ? [] : openFindings(notes)));
  return found.toSorted((a, b) => timeOf(b) - timeOf(a))[0];
}

function openFindings(notes: readonly NoteBody[]): NoteOf<'verified'>[] {
  const checks = notes.filter((note): note is NoteOf<'verified'> => note.note === 'verified');
  return checks.filter(
    (bad) =>
      bad.damaged > 0 &&
      !checks.some(
        (other) =>
          other.damaged === 0 && timeOf(other) > timeOf(bad) && depthNumber(other.depth) >= depthNumber(bad.depth),
      ),
  );
}

const timeOf = ({ time }: NoteBody): number => Date.parse(time);
