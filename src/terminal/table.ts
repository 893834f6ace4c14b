import { printableText } from '../shared/printable.ts';
import { formatSentence, formatValue } from '../view/units.ts';
import type { Column, Row, View } from '../view/view.ts';
import type { RenderOptions } from './render-options.ts';
import { displayWidth, pad, shorten } from './width.ts';

type Table = Extract<View, { kind: 'table' }>;

/** Rows whose widths are measured together: a stream of millions never waits for its end. */
const BATCH = 500;
/** A column is never squeezed below this to fit the terminal. */
const NARROWEST = 12;
const GAP = '  ';

/** A table in aligned columns. In a pipe nothing is shortened; on a terminal the widest left-aligned column gives way. */
export async function* renderTable(table: Table, options: RenderOptions): AsyncGenerator<string> {
  let widths: number[] | undefined;
  for await (const batch of batches(table.rows)) {
    const cells = batch.map((row) => row.map((value) => printableText(formatValue(value, options))));
    if (widths === undefined) {
      widths = columnWidths(table.columns, cells, options.columns);
      yield `${options.style.bold(
        line(
          table.columns,
          table.columns.map(({ title }) => title),
          widths,
        ),
      )}\n`;
    }
    const fixed = widths;
    yield cells.map((row) => `${line(table.columns, fit(row, fixed, options.columns), fixed)}\n`).join('');
  }
  if (widths === undefined) yield `${printableText(formatSentence(table.empty, options))}\n`;
}

async function* batches(rows: Table['rows']): AsyncGenerator<Row[]> {
  let batch: Row[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function columnWidths(columns: readonly Column[], cells: string[][], limit: number | undefined): number[] {
  const widths = columns.map(({ title }, i) =>
    Math.max(displayWidth(title), ...cells.map((row) => displayWidth(row[i] ?? ''))),
  );
  if (limit === undefined) return widths;
  const total = widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1));
  const widest = widestText(columns, widths);
  if (total > limit && widest !== undefined) {
    widths[widest] = Math.max((widths[widest] ?? 0) - (total - limit), NARROWEST);
  }
  return widths;
}

function widestText(columns: readonly Column[], widths: readonly number[]): number | undefined {
  const text = columns.keys().filter((i) => columns[i]?.align !== 'right');
  return text.toArray().sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
}

function fit(row: readonly string[], widths: readonly number[], limit: number | undefined): readonly string[] {
  return limit === undefined ? row : row.map((cell, i) => shorten(cell, widths[i] ?? cell.length));
}

function line(columns: readonly Column[], cells: readonly string[], widths: readonly number[]): string {
  const padded = columns.map(({ align = 'left' }, i) => pad(cells[i] ?? '', widths[i] ?? 0, align));
  return padded.join(GAP).trimEnd();
}
