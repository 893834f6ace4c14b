import { fitted, INK, MARGIN, picture, SMALL, TOP, WIDTH, words } from './paper.ts';
import { shortDate } from './scale.ts';
import { element, group, type Markup } from './svg.ts';

/** How the runs of a source went on a day: the worst of them, and whether a good one came after it. */
export type DayMark = 'none' | 'good' | 'warnings' | 'mixed' | 'failed';

export interface RunCalendar {
  /** `2030-12-31`, oldest first. */
  days: readonly string[];
  sources: readonly { name: string; days: readonly DayMark[] }[];
}

const NAME_WIDTH = 130;
const ROW = 34;
const LEGEND = 66;
const MOST_ROWS = 20;
const MARK = 9;

/** What happened on each day, told by shapes: colour only repeats it. */
export function calendarChart({ days, sources }: RunCalendar): string {
  const shown = sources.slice(0, MOST_ROWS);
  const cell = (WIDTH - MARGIN - MARGIN - NAME_WIDTH) / Math.max(days.length, 1);
  const middle = (day: number): number => MARGIN + NAME_WIDTH + cell * (day + 0.5);
  const firstRow = TOP + 26;
  const height = firstRow + ROW * Math.max(shown.length, 1) + LEGEND;
  const said = calendarWords({ days, sources });
  return picture(
    height,
    said.title,
    said.subtitle,
    `${said.title}. ${said.subtitle}.`,
    ...days.flatMap((day, i) => (isNamed(i, days.length) ? [dayName(day, middle(i))] : [])),
    ...shown.flatMap(({ name, days: marks }, row) => {
      const y = firstRow + ROW * (row + 0.5);
      return [
        ...(row % 2 === 0
          ? [
              element('rect', {
                x: MARGIN - 6,
                y: y - ROW / 2,
                width: WIDTH - 2 * MARGIN + 12,
                height: ROW,
                fill: '#f3f5f7',
              }),
            ]
          : []),
        words(fitted(name, NAME_WIDTH - 8), { x: MARGIN, y: y + 5 }),
        ...marks.map((mark, day) => drawMark(mark, middle(day), y)),
      ];
    }),
    ...legend(height - LEGEND + 26),
  );
}

/** Every second day, counted from the newest: more do not fit. */
const isNamed = (i: number, count: number): boolean => (count - 1 - i) % (count > 10 ? 2 : 1) === 0;

const dayName = (day: string, x: number): Markup =>
  words(String(Number(day.slice(8))), { x, y: TOP + 14, size: SMALL, ink: INK.quiet, anchor: 'middle' });

/** Check in a filled square, triangle, half square, cross, dot. */
function drawMark(mark: DayMark, x: number, y: number): Markup {
  const stroke = { fill: 'none', 'stroke-width': 2.5, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' } as const;
  const square = { x: x - MARK, y: y - MARK, width: 2 * MARK, height: 2 * MARK, rx: 3 };
  switch (mark) {
    case 'good':
      return group(
        {},
        element('rect', { ...square, fill: INK.good }),
        element('path', { d: `M${x - 4} ${y}l3 3.5l5.5 -7`, ...stroke, stroke: INK.paper }),
      );
    case 'warnings':
      return group(
        {},
        element('path', {
          d: `M${x} ${y - MARK}L${x + MARK + 1} ${y + MARK - 1}H${x - MARK - 1}Z`,
          fill: INK.warning,
          'stroke-linejoin': 'round',
          stroke: INK.warning,
          'stroke-width': 2,
        }),
        element('path', { d: `M${x} ${y - 3}v4.5m0 3.6v0.2`, ...stroke, stroke: INK.paper }),
      );
    case 'mixed':
      return group(
        {},
        element('rect', { ...square, fill: INK.paper, stroke: INK.bad, 'stroke-width': 2 }),
        element('path', { d: `M${x - MARK} ${y + MARK}L${x + MARK} ${y - MARK}V${y + MARK}Z`, fill: INK.good }),
      );
    case 'failed':
      return element('path', {
        d: `M${x - 7} ${y - 7}L${x + 7} ${y + 7}M${x + 7} ${y - 7}L${x - 7} ${y + 7}`,
        ...stroke,
        'stroke-width': 4,
        stroke: INK.bad,
      });
    case 'none':
      return element('circle', { cx: x, cy: y, r: 2, fill: INK.quiet });
  }
}

const LEGEND_ENTRIES: readonly (readonly [DayMark, string, number])[] = [
  ['good', 'good', 0],
  ['warnings', 'warnings', 82],
  ['mixed', 'failed, then good', 196],
  ['failed', 'failed', 362],
  ['none', 'no run', 448],
];

const legend = (y: number): Markup[] =>
  LEGEND_ENTRIES.flatMap(([mark, name, x]) => [
    drawMark(mark, MARGIN + x + MARK, y),
    words(name, { x: MARGIN + x + 2 * MARK + 8, y: y + 5, size: SMALL, ink: INK.quiet }),
  ]);

/** The same in words. */
export function calendarWords({ days, sources }: RunCalendar): { title: string; subtitle: string } {
  const bad = sources.filter((source) => source.days.some((mark) => mark === 'failed' || mark === 'mixed')).length;
  const silent = sources.filter((source) => source.days.every((mark) => mark === 'none')).length;
  const left = sources.length - MOST_ROWS;
  const subtitle = [
    `${shortDate(Date.parse(days[0] ?? ''))} to ${shortDate(Date.parse(days.at(-1) ?? ''))}`,
    bad === 0 ? 'no failures' : `${bad} of ${sources.length} with failures`,
    ...(silent > 0 ? [`${silent} without runs`] : []),
    ...(left > 0 ? [`${left} more not shown`] : []),
  ].join(', ');
  return { title: `Backups of the last ${days.length} days`, subtitle };
}
