import type { NoteBody, Testimony } from '../format/bodies.ts';
import type { VerifyDepth } from '../types.ts';

/** Notes that nobody needs any more, because later ones say all that they say (docs/FORMAT.md section 10). */

/** A snapshot that was forgotten, as a later note of another one testifies. */
export interface Testified extends Testimony {
  /** Of the note that says so. */
  time: string;
}

type Carrier = Extract<NoteBody, { note: 'forgotten' }> & { also: Testimony[] };

const DEPTHS = ['quick', 'checksums', 'deep', 'restored'] as const satisfies readonly VerifyDepth[];

/** Deeper checks have greater numbers. */
export const depthNumber = (depth: VerifyDepth): number => DEPTHS.indexOf(depth);

/** What some notes make obsolete. */
export class Evidence {
  /** By the snapshot's ID. */
  readonly testified = new Map<string, Testified>();
  readonly #carriers: { note: Carrier; ids: Set<string> }[];
  readonly #bySnapshot: Map<string, NoteBody[]>;

  constructor(notes: readonly NoteBody[]) {
    this.#bySnapshot = Map.groupBy(notes, ({ snapshot }) => snapshot);
    this.#carriers = notes.filter(isCarrier).map((note) => ({ note, ids: new Set(note.also.map(({ id }) => id)) }));
    for (const { note } of this.#carriers) {
      for (const testimony of note.also) this.testified.set(testimony.id, { ...testimony, time: note.time });
    }
  }

  isObsolete(note: NoteBody): boolean {
    if (isCarrier(note)) {
      const others = this.#carriers.filter((other) => isLater(other.note, note));
      return others.some(({ ids }) => ids.has(note.snapshot) && note.also.every(({ id }) => ids.has(id)));
    }
    if (this.testified.has(note.snapshot)) return true;
    return (this.#bySnapshot.get(note.snapshot) ?? []).some((other) => isLater(other, note) && saysAll(other, note));
  }
}

/** A note that testifies for others, and so is needed although its own snapshot is gone. */
export function isCarrier(note: NoteBody): note is Carrier {
  return note.note === 'forgotten' && note.also !== undefined;
}

function isLater(a: NoteBody, b: NoteBody): boolean {
  const order = Date.parse(a.time) - Date.parse(b.time);
  return order > 0 || (order === 0 && a.pair > b.pair);
}

/** Whether the later of two notes of one snapshot leaves nothing of the other to be said. */
function saysAll(later: NoteBody, note: NoteBody): boolean {
  switch (note.note) {
    case 'verified':
      return later.note === 'verified' && depthNumber(later.depth) >= depthNumber(note.depth);
    case 'pinned':
    case 'unpinned':
      return later.note === 'pinned' || later.note === 'unpinned';
    case 'tagged':
      return later.note === 'tagged';
    default:
      return false;
  }
}
