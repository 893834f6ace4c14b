import type { ByteString } from '../../../shared/bytes.ts';
import { HoldfastError } from '../../../shared/errors.ts';
import { printableName } from '../../../shared/printable.ts';
import { lastName, parentPath, SafePath } from '../../posix/safe-path.ts';
import type { Journal } from './journal.ts';
import { openOrMake, type Place, removeJournal } from './place.ts';
import { Swap } from './swap.ts';
import type { SwapPlan } from './units.ts';

/** One target of a restore whose new content is complete and durable. */
export interface StagedTarget {
  place: Place;
  plan: SwapPlan;
  /** Where the old content is to be kept, beside the journal folder. */
  keep: ByteString | null;
}

/** Deletes names in an open folder with all that is below; large trees belong in a thread. */
export type Remover = (place: Place, names: ByteString[]) => Promise<void>;

/**
 * Makes all targets new. From the first line in the journal on, a recovery finishes what this begins. Where a step is refused, all
 * targets are made old again; where that is refused as well, the error is `isHalfway`, and everything stays for a recovery.
 */
export function swapForward(journal: Journal, targets: readonly StagedTarget[]): void {
  journal.write('swapping');
  try {
    for (const target of targets) withSwap(target, (swap) => swap.forward(target.plan));
  } catch (error) {
    undo(journal, targets, error);
    throw error;
  }
  journal.write('swapped');
}

function undo(journal: Journal, targets: readonly StagedTarget[], cause: unknown): void {
  try {
    swapBack(journal, targets);
  } catch (error) {
    const [first, second] = [cause, error].map((one) => (one instanceof Error ? one.message : String(one)));
    const journals = targets.map(({ place }) => printableName(place.journalPath));
    throw new HoldfastError('failed', `The restore could neither be finished (${first}) nor undone (${second}).`, {
      advice: `Mend that; then any command ends it. Until then do not touch ${journals.join(', ')}.`,
      cause,
      details: { halfway: true, journals },
    });
  }
}

/** The targets are neither old nor new: what is in the journal folders is needed. */
export function isHalfway(error: unknown): boolean {
  return error instanceof HoldfastError && error.details.halfway === true;
}

/** Makes all targets old again. */
export function swapBack(journal: Journal, targets: readonly StagedTarget[]): void {
  journal.write('reverting');
  for (const target of targets.toReversed()) withSwap(target, (swap) => swap.back(target.plan));
}

/** Puts the old content where it is to be kept, or away, and ends the journals; the leader's, which comes first, at the very end. */
export async function cleanUp(targets: readonly StagedTarget[], remove: Remover): Promise<void> {
  for (const target of targets.toReversed()) {
    if (target.keep !== null) keepOld(target, target.keep);
    await remove(target.place, ['old', 'new'] as ByteString[]);
    const root = target.plan.folders.find(({ path }) => path === '');
    removeJournal(target.place, root?.after.mtimeNs ?? target.place.timeBefore);
  }
}

/** Ends journals whose restore has touched nothing, or has been undone. */
export async function discard(places: readonly Place[], remove: Remover): Promise<void> {
  for (const place of places.toReversed()) {
    await remove(place, ['old', 'new'] as ByteString[]);
    removeJournal(place, place.timeBefore);
  }
}

function withSwap(target: StagedTarget, work: (swap: Swap) => void): void {
  const swap = new Swap(target.place.posix, target.place);
  try {
    work(swap);
  } finally {
    swap.close();
  }
}

const KEPT = 'kept' as ByteString;

/**
 * A whole target is renamed; of others, what was replaced is gathered in a folder of the same shape. Done again after a crash: what is not
 * in `old` any more has been moved before.
 */
function keepOld({ place, plan }: StagedTarget, name: ByteString): void {
  const { posix, old, journal, holder } = place;
  const left = new Set<string>(posix.names(old));
  const units = plan.units.filter(({ number }) => left.has(String(number)));
  const whole = units.find(({ path }) => path === '');
  if (whole !== undefined) {
    posix.renameNoReplace(old, String(whole.number) as ByteString, holder, name);
    return;
  }
  const kept = openOrMake(posix, journal, KEPT);
  const paths = new SafePath(posix, kept);
  try {
    for (const { number, path } of units) {
      const dir = paths.ensureDirectory(parentPath(path), 0o700);
      posix.rename(old, String(number) as ByteString, dir, lastName(path));
    }
    if (posix.names(kept).length > 0) posix.renameNoReplace(journal, KEPT, holder, name);
  } finally {
    paths.close();
    posix.close(kept);
  }
}
