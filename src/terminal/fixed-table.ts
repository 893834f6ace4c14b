import { formatBriefTime, formatValue, type Wording } from '../view/units.ts';
import type { Value } from '../view/value.ts';
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

/** What a message's block of code shows without wrapping in a window of usual width, and on a phone. */
const MOST_COLUMNS = 80;
const PHONE_COLUMNS = 48;

export interface FixedTableOptions extends Wording {
  /** Makes one cell safe where the table is shown. */
  clean: (text: string) => string;
}

interface ShownColumn {
  index: number;
  width: number;
  align: 'left' | 'right';
}

/** A table in aligned columns, for a block of code in a message. Minor columns are for wide screens: they go where a phone has no room. Then the widest text gives way. */
export function fixedTable(columns: readonly Column[], rows: readonly Row[], options: FixedTableOptions): FixedTable {
  const { clean } = options;
  const titles = columns.map(({ title }, i) => clean(rows.some((row) => isTime(row[i])) ? `${title} (UTC)` : title));
  const cells = rows.map((row) => row.map((value) => clean(briefValue(value, options))));
  const { shown, squeezed } = layOut(columns, [titles, ...cells.slice(0, MEASURED)]);
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
): { shown: ShownColumn[]; squeezed: boolean } {
  let shown: ShownColumn[] = columns.map(({ align = 'left' }, index) => ({
    index,
    align,
    width: Math.max(0, ...cells.map((row) => displayWidth(row[index] ?? ''))),
  }));
  for (const [index, column] of [...columns.entries()].reverse()) {
    if (totalWidth(shown) > PHONE_COLUMNS && column.minor) shown = shown.filter((one) => one.index !== index);
  }
  let squeezed = false;
  for (let over = totalWidth(shown) - MOST_COLUMNS; over > 0; over = totalWidth(shown) - MOST_COLUMNS) {
    const widest = shown.toSorted((a, b) => b.width - a.width)[0];
    if (widest === undefined || widest.width <= NARROWEST) break;
    widest.width = Math.max(widest.width - over, NARROWEST);
    squeezed = true;
  }
  return { shown, squeezed };
}

type Time = Extract<Value, { is: 'time' }>;

const isTime = (value: Value | undefined): value is Time => typeof value === 'object' && value.is === 'time';

/** Whole times are in what is attached. */
const briefValue = (value: Value, wording: Wording): string =>
  isTime(value) ? formatBriefTime(value.time, wording.nowMs) : formatValue(value, wording);

const totalWidth = (shown: readonly ShownColumn[]): number =>
  shown.reduce((sum, { width }) => sum + width, GAP.length * (shown.length - 1));
