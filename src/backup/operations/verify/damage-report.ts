import type { ByteString } from '../../../shared/bytes.ts';
import { printableName } from '../../../shared/printable.ts';
import type { DamagedObject } from '../../types.ts';

/** Files that are listed for one object; further ones are counted. */
const MOST_FILES = 100;

const KINDS: Readonly<Record<string, string>> = {
  packs: 'pack',
  index: 'index',
  snapshots: 'snapshot',
  notes: 'note',
  keys: 'key',
  config: 'config',
  sessions: 'session',
  gc: 'mark',
  'holdfast.json': 'header',
};

/** What an object is, by its name. */
export function kindOfObject(object: string): string {
  return KINDS[object.split('/')[0] as string] ?? 'plain';
}

interface Damage {
  object: string;
  kind: string;
  problems: Set<string>;
  files: string[];
  filesTotal: number;
  snapshots: Set<string>;
}

/** Collects what is damaged: each object once, with everything that is wrong and every file that needs it. */
export class DamageReport {
  readonly #found = new Map<string, Damage>();

  /** `problem` without the object's name. `snapshot`: the one that this is about, where it is about one. */
  add(
    object: string,
    problem: string,
    options: { kind?: string | undefined; snapshot?: string | undefined } = {},
  ): void {
    const damage = this.#of(object, options.kind ?? kindOfObject(object));
    damage.problems.add(problem);
    if (options.snapshot !== undefined) damage.snapshots.add(options.snapshot);
  }

  /** A file that cannot be restored because of this object; `count` where one path stands for several entries. */
  addFile(object: string, snapshot: string, path: ByteString, count = 1): void {
    const damage = this.#of(object, kindOfObject(object));
    damage.snapshots.add(snapshot);
    damage.filesTotal += count;
    if (damage.files.length < MOST_FILES) damage.files.push(`${snapshot.slice(0, 8)}:${printableName(path)}`);
  }

  has(object: string): boolean {
    return this.#found.has(`${kindOfObject(object)} ${object}`);
  }

  hasKind(...kinds: readonly string[]): boolean {
    return [...this.#found.values()].some(({ kind }) => kinds.includes(kind));
  }

  /** Damaged objects that concern a snapshot. */
  countFor(snapshot: string): number {
    return [...this.#found.values()].filter(({ snapshots }) => snapshots.has(snapshot)).length;
  }

  /** How many files were reported for an object. */
  filesOf(object: string): number {
    return this.#found.get(`${kindOfObject(object)} ${object}`)?.filesTotal ?? 0;
  }

  list(): DamagedObject[] {
    return [...this.#found.values()]
      .map(({ object, kind, problems, files, filesTotal }) => {
        return { object, kind, problem: [...problems].join('; '), files, filesTotal };
      })
      .sort((a, b) => b.filesTotal - a.filesTotal || (a.object < b.object ? -1 : 1));
  }

  #of(object: string, kind: string): Damage {
    const key = `${kind} ${object}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const damage: Damage = { object, kind, problems: new Set(), files: [], filesTotal: 0, snapshots: new Set() };
    this.#found.set(key, damage);
    return damage;
  }
}
