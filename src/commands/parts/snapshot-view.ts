import type { SnapshotStatus, SnapshotSummary } from '../../backup/types.ts';
import { bytes, duration, id, time, type Value } from '../../view/value.ts';
import type { Row, Sentence, View } from '../../view/view.ts';

const STATUS_WORDS: Readonly<Record<SnapshotStatus, string>> = {
  completed: 'ok',
  completed_with_warnings: 'warnings',
  unfinished: 'unfinished',
  broken: 'broken',
  lost: 'lost',
};

export const statusWord = (status: SnapshotStatus): string => STATUS_WORDS[status];

const verifiedWord = ({ verified }: SnapshotSummary): string => {
  if (verified === null) return 'no';
  return verified.damaged > 0 ? 'damaged' : verified.depth;
};

const keptWords = ({ pinned, kept }: SnapshotSummary): string => {
  const rules = pinned && !kept.includes('pinned') ? ['pinned', ...kept] : kept;
  return rules.join(', ');
};

const row = (snapshot: SnapshotSummary): Row => [
  id(snapshot.id),
  time(snapshot.time),
  snapshot.source,
  snapshot.tags.join(' '),
  snapshot.trigger,
  String(snapshot.files),
  bytes(snapshot.size),
  bytes(snapshot.stored),
  statusWord(snapshot.status),
  verifiedWord(snapshot),
  keptWords(snapshot),
];

/** Snapshots as rows, one each. */
export const snapshotTable = (snapshots: readonly SnapshotSummary[], empty: Sentence): View => ({
  kind: 'table',
  columns: [
    { title: 'ID' },
    { title: 'Time' },
    { title: 'Source' },
    { title: 'Tags', minor: true },
    { title: 'Trigger', minor: true },
    { title: 'Files', align: 'right', minor: true },
    { title: 'Size', align: 'right' },
    { title: 'Stored', align: 'right', minor: true },
    { title: 'Status' },
    { title: 'Verified', minor: true },
    { title: 'Kept by', minor: true },
  ],
  rows: snapshots.map(row),
  empty,
});

/** Everything about one snapshot. */
export const snapshotFields = (snapshot: SnapshotSummary): View => {
  const { verified } = snapshot;
  const checked: Value[] =
    verified === null
      ? ['never']
      : [verified.depth, ', ', time(verified.time), verified.damaged > 0 ? ', damaged' : ''];
  const none = 'none';
  return {
    kind: 'fields',
    fields: [
      ['ID', snapshot.id],
      ['Time', time(snapshot.time)],
      ['Source', snapshot.source],
      ['Host', snapshot.host],
      ['Paths', snapshot.paths.join('  ') || none],
      ['Kind', snapshot.kind],
      ['Trigger', snapshot.trigger],
      ['Tags', snapshot.tags.join(' ') || none],
      ['Status', statusWord(snapshot.status)],
      ['Warnings', String(snapshot.warnings)],
      ['Parent', snapshot.parent === null ? none : id(snapshot.parent)],
      ['Files', String(snapshot.files)],
      ['Folders', String(snapshot.directories)],
      ['Size', bytes(snapshot.size)],
      ['Stored', bytes(snapshot.stored)],
      ['Took', duration(snapshot.durationMs)],
      ['Verified', checked],
      ['Kept by', keptWords(snapshot) || 'no rule'],
    ],
  };
};
