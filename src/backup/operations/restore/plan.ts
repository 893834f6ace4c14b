import { createHash } from 'node:crypto';
import type { ByteString } from '../../../shared/bytes.ts';
import { printableName } from '../../../shared/printable.ts';
import type { ChangeCount, RestorePlanItem, RestoreRequest } from '../../types.ts';
import type { Action, Step } from './join.ts';

/** Items that a plan lists; the rest is counted. */
const MOST_ITEMS = 1000;

const emptyCount = (): ChangeCount => ({ files: 0, directories: 0, others: 0, bytes: 0 });

/** Counts what a restore does (or would do). */
export class Plan {
  readonly added = emptyCount();
  readonly changed = emptyCount();
  readonly deleted = emptyCount();
  readonly unchanged = emptyCount();
  readonly items: RestorePlanItem[] = [];
  itemsTotal = 0;
  /** Content to be written, in bytes. */
  bytes = 0;
  /** Objects of the target that stay as they are, those that the snapshot does not have among them. */
  untouched = 0;

  /** `shown` is the step's path as people know it. */
  add(step: Step, shown: ByteString): void {
    const type = step.entry?.type ?? step.found?.type ?? 'file';
    const size = type === 'file' ? (step.entry?.size ?? step.found?.size ?? 0) : 0;
    if (step.action === 'keep' || step.action === 'same') this.untouched++;
    if (step.action === 'keep') return;
    const count = this.#countOf(step.action);
    count[type === 'file' ? 'files' : type === 'directory' ? 'directories' : 'others']++;
    count.bytes += size;
    if (step.action === 'same') return;
    if (step.action !== 'delete' && step.linkTo === undefined) this.bytes += size;
    this.itemsTotal++;
    if (this.items.length >= MOST_ITEMS) return;
    this.items.push({ action: step.action, path: printableName(shown), type, size });
  }

  /** True where what the target has now would be lost or altered. */
  get touchesExisting(): boolean {
    return [this.changed, this.deleted].some(({ files, directories, others }) => files + directories + others > 0);
  }

  get changesNothing(): boolean {
    return this.itemsTotal === 0;
  }

  #countOf(action: Exclude<Action, 'keep'>): ChangeCount {
    if (action === 'add') return this.added;
    if (action === 'delete') return this.deleted;
    return action === 'same' ? this.unchanged : this.changed;
  }
}

/** What a confirmation is bound to: snapshot, targets and options, but not what the target happens to hold. */
export function planHash(snapshot: string, targets: readonly ByteString[], request: RestoreRequest): string {
  const { paths, check, delete: remove, keepGoing, safety, noOwner, noSetuid, devices, inPlace } = request;
  const options = { paths, check, remove, keepGoing, safety, noOwner, noSetuid, devices, inPlace };
  return createHash('sha256')
    .update(JSON.stringify([snapshot, targets, options]))
    .digest('hex');
}
