import type { RestoreResult, SnapshotSummary } from '../../backup/types.ts';
import { age, bytes, duration, id, time } from '../../view/value.ts';
import { heading, stack, text, type View } from '../../view/view.ts';
import { changeList, changeWords } from './changes-view.ts';
import { damageList } from './damage-view.ts';

/** Changes that people are shown; `--json` has more. */
const MOST_SHOWN = 40;
/** Enough where they can be seen elsewhere: in what is attached, or were seen before. */
const FEW_SHOWN = 12;

/** A restore, planned or done. A plan ends with "Nothing was written". */
export function restoreView(result: RestoreResult, most = result.applied ? FEW_SHOWN : MOST_SHOWN): View {
  const { applied, added, changed, deleted, unchanged, losses } = result;
  const verb = applied ? '' : 'would be ';
  return stack(
    heading(
      applied ? 'Restored snapshot ' : 'Preview: restore snapshot ',
      id(result.snapshot),
      ' of ',
      time(result.time),
      ` into ${result.target}`,
    ),
    changeList(
      result.items.slice(0, most).map(({ action, path, size }) => ({ mark: action, path, size })),
      result.itemsTotal,
    ),
    {
      kind: 'fields',
      fields: [
        [`${verb}added`, changeWords(added)],
        [`${verb}changed`, changeWords(changed)],
        [`${verb}deleted`, changeWords(deleted)],
        ['unchanged', changeWords(unchanged)],
        [`${verb}written`, bytes(result.bytes)],
      ],
    },
    losses.length > 0
      ? { kind: 'list', items: losses.map((loss) => `not restored: ${loss}`), tone: 'warning' }
      : undefined,
    damageList(result.damaged),
    result.itemsTotal === 0 && result.damaged.length === 0
      ? text('The target is as in the snapshot already.')
      : undefined,
    ...(applied ? done(result) : [{ kind: 'text', text: 'Nothing was written.' } as const]),
  );
}

/** What somebody has to know before saying yes: besides the plan what the backup is worth, and what is kept of the target. */
export function restorePreview(plan: RestoreResult, snapshot: SnapshotSummary, isProtected: boolean): View {
  const { verified } = snapshot;
  const kept = plan.unchanged.bytes + plan.changed.bytes + plan.deleted.bytes;
  return stack(
    restoreView(plan, FEW_SHOWN),
    {
      kind: 'fields',
      fields: [
        ['Backup of', [snapshot.source, ', ', age(snapshot.time)]],
        [
          'Verified',
          verified === null
            ? 'never'
            : [verified.depth, ', ', age(verified.time), verified.damaged > 0 ? ', damaged' : ''],
        ],
        ['Safety backup', kept === 0 ? 'none: nothing is there yet' : ['taken first, of about ', bytes(kept)]],
        ...(isProtected ? [['Protected', 'another owner has to approve'] as const] : []),
      ],
    },
    plan.itemsTotal > FEW_SHOWN ? { kind: 'file', name: 'changes.txt', content: changeLines(plan) } : undefined,
  );
}

/** Can be read more than once: a View may be shown again. */
function changeLines({ items, itemsTotal }: RestoreResult): AsyncIterable<Uint8Array> {
  return {
    async *[Symbol.asyncIterator]() {
      for (const { action, path, size } of items) yield Buffer.from(`${action}\t${size}\t${path}\n`);
      if (itemsTotal > items.length) yield Buffer.from(`... and ${itemsTotal - items.length} more\n`);
    },
  };
}

function done({ damaged, durationMs, safetySnapshot, keptOld }: RestoreResult): View[] {
  const views: View[] = [
    damaged.length > 0
      ? { kind: 'status', tone: 'warning', text: ['Restored what is whole in ', duration(durationMs)] }
      : { kind: 'status', tone: 'good', text: ['Done in ', duration(durationMs)] },
  ];
  if (safetySnapshot !== null) {
    const undo = `restore ${safetySnapshot.slice(0, 8)} --in-place --delete --apply`;
    views.push({ kind: 'action', label: 'Undo', command: undo });
  }
  if (keptOld !== null) views.push({ kind: 'text', text: `The old content was kept in ${keptOld}` });
  return views;
}
