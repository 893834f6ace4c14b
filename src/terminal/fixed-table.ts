import { formatValue, type Wording } from '../view/units.ts';
import type { Column, Row } from '../view/view.ts';
import { displayWidth, pad, shorten } from './width.ts';

/** A column is never squeezed below this. */
const NARROWEST = 12;
/** Rows by which widths are measured: more are not shown in one message. */
const MEASURED = 100;
const GAP = '  ';

/** Marks without width can make a line of few columns long. */
const LINE = 400;

export interface FixedTable {
  head: string;
  rows: readonly string[];
  /** Titles of the columns for which there was no room. */
  hidden: readonly string[];
  /** Whether a cell had to be shortened. */
  squeezed: boolean;
}

export interface FixedTableOptions extends Wording {
  /** How wide the table may be. */
  columns: number;
  /** Makes one cell safe where the table is shown. */
  clean: (text: string) => string;
}

interface ShownColumn {
  index: number;
  width: number;
  align: 'left' | 'right';
}

/** A table in aligned columns, for a block of code in a message. Minor columns go first where there is no room, then the widest text gives way. */
export function fixedTable(columns: readonly Column[], rows: readonly Row[], options: FixedTableOptions): FixedTable {
  const { clean } = options;
  const titles = columns.map(({ title }) => clean(title));
  const cells = rows.map((row) => row.map((value) => clean(formatValue(value, options))));
  const { shown, squeezed } = layOut(columns, [titles, ...cells.slice(0, MEASURED)], options.columns);
  let shortened = squeezed;
  const line = (row: readonly string[]): string =>
    shown
      .map(({ index, width, align }) => {
        const cell = row[index] ?? '';
        const fitting = shorten(cell, width);
        shortened ||= fitting !== cell;
        return pad(fitting, width, align);
      })
      .join(GAP)
      .trimEnd()
      .slice(0, LINE);
  const head = line(titles);
  const lines = cells.map(line);
  const hidden = columns.filter((_column, i) => !shown.some(({ index }) => index === i)).map(({ title }) => title);
  return { head, rows: lines, hidden, squeezed: shortened };
}

function layOut(
  columns: readonly Column[],
  cells: readonly (readonly string[])[],
  limit: number,
): { shown: ShownColumn[]; squeezed: boolean } {
  let shown: ShownColumn[] = columns.map(({ align = 'left' }, index) => ({
    index,
    align,
    width: Math.max(0, ...cells.map((row) => displayWidth(row[index] ?? ''))),
  }));
  for (const [index, column] of [...columns.entries()].reverse()) {
    if (totalWidth(shown) > limit && column.minor) shown = shown.filter((one) => one.index !== index);
  }
  let squeezed = false;
  for (let over = totalWidth(shown) - limit; over > 0; over = totalWidth(shown) - limit) {
    const widest = shown.toSorted((a, b) => b.width - a.width)[0];
    if (widest === undefined || widest.width <= NARROWEST) break;
    widest.width = Math.max(widest.width - over, NARROWEST);
    squeezed = true;
  }
  return { shown, squeezed };
}

const totalWidth = (shown: readonly ShownColumn[]): number =>
  shown.reduce((sum, { width }) => sum + width, GAP.length * (shown.length - 1));
