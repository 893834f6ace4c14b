import type { ByteString } from '../../../shared/bytes.ts';
import { encodeText } from '../../../shared/bytes.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import { isValidPath } from '../../format/manifest.ts';

/** `inside`: to be restored. `above`: a folder on the way to something that is. */
export type Selected = 'inside' | 'above' | 'outside';

/** The paths inside a snapshot that a restore is about. */
export class Selection {
  readonly #paths: readonly ByteString[];
  readonly #met = new Set<ByteString>();

  /** Slashes at the ends do not matter. Without any path everything is selected. Throws `usage`. */
  constructor(paths: readonly string[] | undefined) {
    this.#paths = (paths ?? []).map((path) => normalise(path)).filter((path) => path !== '');
    if (paths?.some((path) => normalise(path) === '')) this.#paths = [];
  }

  get everything(): boolean {
    return this.#paths.length === 0;
  }

  get paths(): readonly ByteString[] {
    return this.#paths;
  }

  of(path: ByteString): Selected {
    if (this.everything) return 'inside';
    let above = path === '';
    for (const wanted of this.#paths) {
      if (path === wanted || path.startsWith(`${wanted}/`)) return 'inside';
      if (wanted.startsWith(`${path}/`)) above = true;
    }
    return above ? 'above' : 'outside';
  }

  /** Notes that the snapshot has this path. */
  meet(path: ByteString): void {
    if (this.#paths.includes(path)) this.#met.add(path);
  }

  /** Throws `not_found` for a path that the snapshot does not have. */
  requireAllMet(snapshot: string): void {
    const missing = this.#paths.find((path) => !this.#met.has(path));
    if (missing === undefined) return;
    throw new HoldfastError('not_found', `Snapshot ${snapshot} has no path ${printableName(missing)}.`, {
      advice: 'List what it has with `ls`; paths count from the top of the snapshot.',
    });
  }
}

function normalise(path: string): ByteString {
  const trimmed = encodeText(
    path
      .replace(/^(\.?\/+)+/, '')
      .replace(/\/+$/, '')
      .replace(/^\.$/, ''),
  );
  if (isValidPath(trimmed)) return trimmed;
  throw new HoldfastError('usage', `${JSON.stringify(path)} is not a path inside a snapshot.`, {
    advice: 'Write it as `ls` shows it.',
  });
}
