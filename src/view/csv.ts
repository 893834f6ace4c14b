import { formatValue, type Wording } from './units.ts';
import type { Value } from './value.ts';
import type { Column, Row } from './view.ts';

/** What a spreadsheet would run as a formula. A plain negative number stays a number. */
const FORMULA = /^(?:[=+@\t\r]|-(?!\d+(?:\.\d+)?$))/;

/** A table as CSV (RFC 4180), with whole IDs, plain numbers and ISO times; no cell can become a formula. */
export function tableCsv(columns: readonly Column[], rows: readonly Row[], wording: Wording): string {
  const line = (cells: readonly string[]): string => `${cells.map(quote).join(',')}\r\n`;
  const head = line(columns.map(({ title }) => title));
  return head + rows.map((row) => line(row.map((value) => rawText(value, wording)))).join('');
}

function rawText(value: Value, wording: Wording): string {
  if (typeof value === 'string') return value;
  if (value.is === 'bytes') return String(value.bytes);
  if (value.is === 'count') return String(value.count);
  if (value.is === 'time' || value.is === 'age') return value.time;
  return value.is === 'id' ? value.id : formatValue(value, wording);
}

function quote(cell: string): string {
  const safe = FORMULA.test(cell) && cell.length > 1 ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
