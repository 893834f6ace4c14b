import type { ChangeCount } from '../../backup/types.ts';
import { bytes, count, type Value } from '../../view/value.ts';
import type { Sentence, Tone, View } from '../../view/view.ts';

export const changeTotal = (changes: ChangeCount): number => changes.files + changes.directories + changes.others;

/** Counts of one kind of change in words: `3 files, 1 folder, 2.50 MiB`. */
export function changeWords(changes: ChangeCount): Sentence {
  const parts: Value[] = [];
  if (changes.files > 0) parts.push(count(changes.files, 'file'));
  if (changes.directories > 0) parts.push(count(changes.directories, 'folder'));
  if (changes.others > 0) parts.push(count(changes.others, 'other'));
  if (changes.bytes > 0) parts.push(bytes(changes.bytes));
  return parts.length === 0 ? 'nothing' : parts.flatMap((part, i) => (i === 0 ? [part] : [', ', part]));
}

/** What a line of a change list begins with. */
export const CHANGE_MARKS = {
  add: '+',
  added: '+',
  change: '~',
  modified: '~',
  delete: '-',
  removed: '-',
  metadata: '·',
  type: '!',
} as const;

export function changeList(
  items: readonly { mark: keyof typeof CHANGE_MARKS; path: string; size: number }[],
  total: number,
  tone: Tone = 'plain',
): View | undefined {
  if (items.length === 0) return undefined;
  const lines = items.map(({ mark, path, size }): Value[] => [
    `${CHANGE_MARKS[mark]} ${path === '' ? '.' : path}`,
    ...(size > 0 ? ['  ', bytes(size)] : []),
    ...(mark === 'metadata' ? ['  (only mode, owner or time)'] : []),
  ]);
  return { kind: 'list', items: lines, total, tone };
}
