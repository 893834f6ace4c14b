import type { SuccessMessage } from '../../state/unattended-records.ts';
import { bytes, count, duration, id, time } from '../../view/value.ts';
import { stack, type View } from '../../view/view.ts';

/** How often a source was backed up on a day, and how the last time went. */
export function successView({ source, day, runs, withWarnings, bytesStored, last }: SuccessMessage): View {
  const often = runs === 1 ? 'once' : `${runs} times`;
  const files = last.files.new + last.files.changed + last.files.unmodified;
  return stack(
    {
      kind: 'status',
      tone: withWarnings > 0 ? 'warning' : 'good',
      text: [
        `${source}: backed up ${often} on ${day}`,
        ...(withWarnings > 0 ? [', ', count(withWarnings, 'time'), ' with warnings'] : []),
      ],
    },
    {
      kind: 'fields',
      fields: [
        ['Last', [time(last.ended), ', took ', duration(Date.parse(last.ended) - Date.parse(last.started))]],
        ...(last.snapshot === null ? [] : ([['Snapshot', id(last.snapshot)]] as const)),
        ['Size', [bytes(last.bytes), ' in ', count(files, 'file')]],
        ['Stored', [bytes(bytesStored), runs === 1 ? '' : ' by all of them']],
        ...(last.warnings === 0 ? [] : ([['Warnings', count(last.warnings, 'warning')]] as const)),
      ],
    },
  );
}
