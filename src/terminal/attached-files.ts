import { tableCsv } from '../view/csv.ts';
import type { SettledPart, SettledTable } from '../view/settle-view.ts';
import type { Wording } from '../view/units.ts';
import { renderView } from './render.ts';
import { PLAIN } from './style.ts';

/** A file that goes with a message and holds what the message has no room for. */
export interface AttachedFile {
  name: string;
  data: Buffer;
  /** What it shows, where it is a picture. */
  title?: string;
}

/** The file that holds everything that had to be shortened, besides tables. */
export const DETAILS_FILE = 'details.txt';

/** Letters, digits, dot, dash and underscore: what chats keep of a name as it is. */
export function safeFileName(name: string): string {
  const safe = name
    .replace(/[^\p{L}\p{N}._-]+/gu, '_')
    .replace(/^[._]+/, '')
    .slice(-100);
  return safe === '' ? 'file' : safe;
}

/** What is attached whatever there is room for: documents and pictures. */
export function ownFiles(parts: readonly SettledPart[]): AttachedFile[] {
  return parts.flatMap((part): AttachedFile[] => {
    if (part.kind === 'file') return [{ name: part.name, data: part.bytes }];
    return part.kind === 'picture' ? [{ name: part.name, data: part.png, title: part.title }] : [];
  });
}

/** The name under which each table would be attached. */
export function nameTables(parts: readonly SettledPart[]): Map<SettledPart, string> {
  const tables = parts.filter((part) => part.kind === 'table');
  return new Map(tables.map((table, i) => [table, i === 0 ? 'table.csv' : `table-${i + 1}.csv`]));
}

/** As CSV, the tables that were shortened, and those of which `needsFile` says that no message shows them whole. */
export function neededTables(
  names: ReadonlyMap<SettledPart, string>,
  shortened: readonly { wholeIn: string }[],
  needsFile: (table: SettledTable, wording: Wording) => boolean,
  wording: Wording,
): AttachedFile[] {
  return ([...names] as [SettledTable, string][])
    .filter(([table, name]) => shortened.some(({ wholeIn }) => wholeIn === name) || needsFile(table, wording))
    .map(([{ columns, rows }, name]) => ({ name, data: Buffer.from(tableCsv(columns, rows, wording)) }));
}

/** Everything but attached documents as plain text. */
export async function detailsFile(parts: readonly SettledPart[], wording: Wording): Promise<AttachedFile> {
  const views = parts.filter((part) => part.kind !== 'file' && part.kind !== 'picture');
  const options = { ...wording, style: PLAIN, columns: undefined, rawFiles: false };
  const pieces = await Array.fromAsync(renderView({ kind: 'stack', views }, options));
  return { name: DETAILS_FILE, data: Buffer.concat(pieces.map((piece) => Buffer.from(piece))) };
}
