import { HoldfastError } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import type { Owners } from '../../posix/owners.ts';
import { isDamage } from '../../repository/damage.ts';
import type { ManifestReader } from '../../repository/manifest-reader.ts';
import type { Found } from '../../sources/folder/walk.ts';
import type { WritingSession } from '../writing/writing-session.ts';
import type { BackupReport } from './backup-report.ts';
import type { QueuedRun } from './entry-queue.ts';
import { NEEDS_LOAD, ParentCursor, type ParentEntry, type ParentPart } from './parent-cursor.ts';
import { isUnchangedIn, type ParentScan } from './unchanged.ts';

/** The snapshot to compare with. */
export interface ParentSnapshot extends ParentScan {
  reader: ManifestReader;
}

export interface MergeJob {
  session: WritingSession;
  report: BackupReport;
  owners: Owners;
  maxFileSizeBytes: number | undefined;
  parent: ParentSnapshot | undefined;
}

/** What comes of the merge, in manifest order. */
export interface MergeTarget {
  /** Entries that can be taken over as they are: all their chunks are there. */
  takeRun(run: QueuedRun): void;
  /** Anything else, with the parent's entry of this path. Gives a promise only where it has to wait. */
  take(found: Found, old: ParentEntry | undefined): Promise<void> | undefined;
}

/** What the walk met of a part of the parent's manifest, from one of its entries on. */
interface HeldRun {
  part: ParentPart;
  from: number;
  found: Found[];
}

/**
 * Merges a walk with the parent's manifest: both are in one order. What did not change is held back until something did, or the part of the manifest
 * ends, and handed on as one run.
 */
export class ParentMerge {
  readonly #job: MergeJob;
  readonly #target: MergeTarget;
  #cursor: ParentCursor | undefined;
  /** What was met last and did not change. */
  #held: HeldRun | undefined;

  constructor(job: MergeJob, target: MergeTarget) {
    this.#job = job;
    this.#target = target;
  }

  /** Reads where the parent's manifest begins. Where that is damaged there is nothing to compare with, which is reported. */
  async open(): Promise<void> {
    const { parent, session, report } = this.#job;
    if (parent === undefined) return;
    try {
      this.#cursor = new ParentCursor(parent.reader, await parent.reader.fences());
    } catch (error) {
      if (!isDamage(error)) throw error;
      session.distrustMeta();
      report.warn(`The parent snapshot cannot be read; everything is read again: ${error.message}`);
    }
  }

  /** The next entry of the walk. Gives a promise only where there is something to wait for. */
  meet(found: Found): Promise<void> | undefined {
    const held = this.#held;
    if (held === undefined) return this.#begin(found);
    const { part, from } = held;
    if (!this.#isPlain(found, part, from + held.found.length)) {
      const waiting = this.#takeRun(held);
      return waiting === undefined ? this.#begin(found) : waiting.then(() => this.meet(found));
    }
    held.found.push(found);
    return from + held.found.length === part.sides.length ? this.#takeRun(held) : undefined;
  }

  /** The walk has ended. */
  end(): Promise<void> | undefined {
    return this.#held && this.#takeRun(this.#held);
  }

  #begin(found: Found): Promise<void> | undefined {
    if (this.#cursor?.find(found.path) === NEEDS_LOAD) return this.#loadAndMeet(found);
    const place = this.#cursor?.placeOf(found.path);
    if (place === undefined || !this.#isPlain(found, place.part, place.at)) return this.#take(found);
    const { part, at } = place;
    this.#held = { part, from: at, found: [found] };
    return at + 1 === part.sides.length ? this.#takeRun(this.#held) : undefined;
  }

  /** Unchanged, and nothing about it needs a second look. */
  #isPlain({ path, folder, status }: Found, part: ParentPart, at: number): boolean {
    const { owners, maxFileSizeBytes, parent } = this.#job;
    const entry = part.decoded.entries[at];
    return (
      parent !== undefined &&
      entry !== undefined &&
      entry.path === path &&
      (status.nlink === 1 || status.type === 'directory') &&
      maxFileSizeBytes === undefined &&
      !folder.hasSidecars &&
      entry.indirect !== true &&
      entry.user === owners.userName(status.uid) &&
      entry.group === owners.groupName(status.gid) &&
      isUnchangedIn(part, at, status, parent)
    );
  }

  /** Takes over what was held back, once all its chunks are known to be there. */
  #takeRun({ part, from, found }: HeldRun): Promise<void> | undefined {
    const { session, report } = this.#job;
    const to = from + found.length;
    for (let at = from; at < to; at++) {
      for (const { id } of part.decoded.entries[at]?.chunks ?? []) if (!session.use(id)) return this.#release();
    }
    this.#held = undefined;
    this.#cursor?.skipTo(to);
    report.progress(() => printableName((found[0] as Found).path));
    this.#target.takeRun({ part, from, to, state: 'ready' });
    return undefined;
  }

  /** Takes what was held back one by one. */
  async #release(): Promise<void> {
    const { found } = this.#held ?? { found: [] };
    this.#held = undefined;
    for (const each of found) await this.#take(each);
  }

  #take(found: Found): Promise<void> | undefined {
    this.#job.report.progress(() => printableName(found.path));
    const old = this.#cursor?.find(found.path);
    // The part that holds it was loaded when the walk met it.
    if (old === NEEDS_LOAD) throw new HoldfastError('internal', 'A part of the parent was passed over.');
    return this.#target.take(found, old);
  }

  async #loadAndMeet(found: Found): Promise<void> {
    const { session, report } = this.#job;
    await this.#cursor?.load(found.path, () => {
      session.distrustMeta();
      report.warn(
        `A part of the parent snapshot cannot be read; what it lists is read again (from ${printableName(found.path)}).`,
      );
    });
    await this.meet(found);
  }
}
