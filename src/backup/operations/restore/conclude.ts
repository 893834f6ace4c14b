import type { ByteString } from '../../../shared/bytes.ts';
import { systemCode } from '../../../shared/errors.ts';
import { lastName, parentPath, SafePath } from '../../posix/safe-path.ts';
import type { Journal } from './journal.ts';
import { type Place, removeJournal } from './place.ts';
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

/** Makes all targets new. From the first line in the journal on, a recovery finishes what this begins. */
export function swapForward(journal: Journal, targets: readonly StagedTarget[]): void {
  journal.write('swapping');
  try {
    for (const target of targets) withSwap(target, (swap) => swap.forward(target.plan));
  } catch (error) {
    swapBack(journal, targets);
    throw error;
  }
  journal.write('swapped');
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

/** A whole target is renamed; of others, what was replaced is gathered in a folder of the same shape. */
function keepOld({ place, plan }: StagedTarget, name: ByteString): void {
  const { posix, old, journal, holder } = place;
  const whole = plan.units.find(({ path }) => path === '');
  if (whole !== undefined) {
    ifPresent(() => posix.renameNoReplace(old, String(whole.number) as ByteString, holder, name));
    return;
  }
  ifPresent(() => posix.makeDirectory(journal, KEPT, 0o700), 'EEXIST');
  const kept = posix.openDirectory(journal, KEPT);
  const paths = new SafePath(posix, kept);
  try {
    for (const { number, path } of plan.units) {
      const dir = paths.ensureDirectory(parentPath(path), 0o700);
      ifPresent(() => posix.rename(old, String(number) as ByteString, dir, lastName(path)));
    }
    if (posix.names(kept).length > 0) posix.renameNoReplace(journal, KEPT, holder, name);
  } finally {
    paths.close();
    posix.close(kept);
  }
}

/** Does it again after a crash: what is not there any more has been moved before. */
function ifPresent(call: () => void, otherwise = 'ENOENT'): void {
  try {
    call();
  } catch (error) {
    if (systemCode(error) !== otherwise) throw error;
  }
}
