import type { ListedEntry } from '../../backup/types.ts';
import { bytes, time } from '../../view/value.ts';
import type { Column, Row } from '../../view/view.ts';

export const ENTRY_COLUMNS: readonly Column[] = [
  { title: 'Mode' },
  { title: 'Owner' },
  { title: 'Size', align: 'right' },
  { title: 'Changed' },
  { title: 'Path' },
];

export function entryRow(entry: ListedEntry): Row {
  const owner = `${entry.user ?? entry.uid}:${entry.group ?? entry.gid}`;
  const path = entry.target === null ? entry.path : `${entry.path} -> ${entry.target}`;
  return [entry.mode, owner, entry.type === 'file' ? bytes(entry.size) : '', time(entry.mtime), path];
}

export async function* entryRows(entries: AsyncIterable<ListedEntry>): AsyncGenerator<Row> {
  for await (const entry of entries) yield entryRow(entry);
}
