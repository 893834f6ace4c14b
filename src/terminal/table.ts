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

/**
 * A table in aligned columns. In a pipe nothing is shortened. On a terminal that is too narrow, minor columns are left out,
 * which is said below, and then the widest text gives way.
 */
export async function* renderTable(table: Table, options: RenderOptions): AsyncGenerator<string> {
  let layout: Layout | undefined;
  for await (const batch of batches(table.rows)) {
    const cells = batch.map((row) => row.map((value) => printableText(formatValue(value, options))));
    if (layout === undefined) {
      layout = layOut(table.columns, cells, options.columns);
      yield `${options.style.bold(
        line(
          layout,
          table.columns.map(({ title }) => title),
        ),
      )}\n`;
    }
    const fixed = layout;
    yield cells.map((row) => `${line(fixed, row)}\n`).join('');
  }
  if (layout === undefined) yield `${printableText(formatSentence(table.empty, options))}\n`;
  else if (layout.hidden.length > 0) {
    const titles = layout.hidden.map(({ title }) => title).join(', ');
    yield `${options.style.quiet(shorten(`The terminal is too narrow to show: ${titles}`, options.columns ?? Number.POSITIVE_INFINITY))}\n`;
  }
}

/** Which columns are shown, and how wide each is. */
interface Layout {
  shown: readonly { index: number; width: number; align: 'left' | 'right' }[];
  hidden: readonly Column[];
  /** Columns of the terminal. */
  limit: number | undefined;
}

function layOut(columns: readonly Column[], cells: readonly string[][], limit: number | undefined): Layout {
  const all = columns.map(({ title, align = 'left' }, index) => ({
    index,
    align,
    width: Math.max(displayWidth(title), ...cells.map((row) => displayWidth(row[index] ?? ''))),
  }));
  if (limit === undefined) return { shown: all, hidden: [], limit };
  let shown = all;
  for (const [index, column] of [...columns.entries()].reverse()) {
    if (totalWidth(shown) > limit && column.minor) shown = shown.filter((one) => one.index !== index);
  }
  const over = totalWidth(shown) - limit;
  const widest = shown.filter(({ align }) => align === 'left').sort((a, b) => b.width - a.width)[0];
  const squeezed = shown.map((one) =>
    one === widest && over > 0 ? { ...one, width: Math.max(one.width - over, NARROWEST) } : one,
  );
  const hidden = columns.filter((_column, index) => !shown.some((one) => one.index === index));
  return { shown: squeezed, hidden, limit };
}

const totalWidth = (shown: Layout['shown']): number =>
  shown.reduce((sum, { width }) => sum + width, GAP.length * (shown.length - 1));

function line({ shown, limit }: Layout, cells: readonly string[]): string {
  const write = (cellOf: (cell: string, width: number) => string): string =>
    shown
      .map(({ index, width, align }) => pad(cellOf(cells[index] ?? '', width), width, align))
      .join(GAP)
      .trimEnd();
  const whole = write((cell) => cell);
  // A row that is longer than those that were measured stands out of line where there is room.
  return limit === undefined || displayWidth(whole) <= limit ? whole : write(shorten);
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
