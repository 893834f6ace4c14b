import { displayWidth, pad, shorten } from '../../terminal/width.ts';
import { formatValue, type Wording } from '../../view/units.ts';
import type { Column, Row } from '../../view/view.ts';
import { codeText } from './markdown.ts';

/** What a code block shows without wrapping in a window of usual width. */
const COLUMNS = 80;
/** A column is never squeezed below this. */
const NARROWEST = 12;
/** Rows by which widths are measured: more are not shown in one message. */
const MEASURED = 100;
/** Marks without width can make a line of few columns long. */
const LINE = 400;
const GAP = '  ';

export interface CodeTable {
  head: string;
  rows: readonly string[];
  /** Titles of the columns for which there was no room. */
  hidden: readonly string[];
  /** Whether a cell had to be shortened. */
  squeezed: boolean;
}

interface ShownColumn {
  index: number;
  width: number;
  align: 'left' | 'right';
}

/** A table in aligned columns for a code block. Minor columns go first where there is no room, then the widest text gives way. */
export function codeTable(columns: readonly Column[], rows: readonly Row[], wording: Wording): CodeTable {
  const cells = rows.map((row) => row.map((value) => codeText(formatValue(value, wording))));
  const { shown, squeezed } = layOut(columns, cells.slice(0, MEASURED));
  const line = (row: readonly string[]): string =>
    shown
      .map(({ index, width, align }) => pad(shorten(row[index] ?? '', width), width, align))
      .join(GAP)
      .trimEnd()
      .slice(0, LINE);
  return {
    head: line(columns.map(({ title }) => codeText(title))),
    rows: cells.map(line),
    hidden: columns.filter((_column, i) => !shown.some(({ index }) => index === i)).map(({ title }) => title),
    squeezed,
  };
}

function layOut(columns: readonly Column[], cells: readonly string[][]): { shown: ShownColumn[]; squeezed: boolean } {
  let shown: ShownColumn[] = columns.map(({ title, align = 'left' }, index) => ({
    index,
    align,
    width: Math.max(displayWidth(title), ...cells.map((row) => displayWidth(row[index] ?? ''))),
  }));
  for (const [index, column] of [...columns.entries()].reverse()) {
    if (totalWidth(shown) > COLUMNS && column.minor) shown = shown.filter((one) => one.index !== index);
  }
  let squeezed = false;
  for (let over = totalWidth(shown) - COLUMNS; over > 0; over = totalWidth(shown) - COLUMNS) {
    const widest = shown.toSorted((a, b) => b.width - a.width)[0];
    if (widest === undefined || widest.width <= NARROWEST) break;
    widest.width = Math.max(widest.width - over, NARROWEST);
    squeezed = true;
  }
  return { shown, squeezed };
}

const totalWidth = (shown: readonly ShownColumn[]): number =>
  shown.reduce((sum, { width }) => sum + width, GAP.length * (shown.length - 1));
