import type { SnapshotFilter } from '../../backup/types.ts';
import { text, time } from '../field.ts';

/** Options that choose snapshots, alike in every command that has them. */
export const filterFields = {
  tag: text('Only snapshots with this tag', { placeholder: 'TAG', completes: 'tag' }),
  source: text('Only snapshots of this source', { placeholder: 'NAME', completes: 'source' }),
  host: text('Only snapshots of this host', { placeholder: 'NAME', on: 'shell' }),
  from: time('Only snapshots from this time on', 'start'),
  to: time('Only snapshots up to this time', 'end'),
};

export type FilterInput = Pick<SnapshotFilter, keyof typeof filterFields>;

/** The filter alone, or undefined where nothing was asked for. */
export function toFilter({ tag, source, host, from, to }: FilterInput): SnapshotFilter | undefined {
  const filter = { tag, source, host, from, to };
  return Object.values(filter).some((value) => value !== undefined) ? filter : undefined;
}
