import { formatBytes } from '../../shared/sizes.ts';
import { formatCount, formatShare } from '../units.ts';
import { fitted, INK, line, MARGIN, picture, SMALL, TOP, WIDTH, words } from './paper.ts';
import { dayTicks, linear, roundTicks, shortDate } from './scale.ts';
import { element, type Markup } from './svg.ts';

export interface StorageTrend {
  /** Oldest first, at least one. */
  samples: readonly { at: string; bytes: number }[];
  /** Null: no limit. */
  capBytes: number | null;
  /** In how many days the cap is reached; null where that is not foreseeable. */
  daysLeft: number | null;
  nowMs: number;
}

const HEIGHT = 360;
const BOTTOM = 48;
const LEFT = 78;
const DAY_MS = 86_400_000;
/** A forecast is drawn this far at most: as far as there is a past to lean on, and not less than a week. */
const LEAST_AHEAD_DAYS = 7;

/** How much the repository takes over time, its cap, and when that will be reached. */
export function storageChart(trend: StorageTrend): string {
  const { samples, capBytes, nowMs } = trend;
  const times = samples.map(({ at }) => Date.parse(at));
  const used = samples.at(-1)?.bytes ?? 0;
  const ahead = forecast(trend, used, times[0] ?? nowMs);
  const [startMs, endMs] = [Math.min(times[0] ?? nowMs, nowMs - DAY_MS), ahead?.atMs ?? nowMs];
  const highest = Math.max(used, capBytes ?? 0, ahead?.bytes ?? 0, ...samples.map(({ bytes }) => bytes));
  const ticks = roundTicks(highest * 1.04, 'bytes');
  const x = linear([startMs, endMs], [LEFT, WIDTH - MARGIN - 8]);
  const y = linear([0, ticks.at(-1) ?? 1], [HEIGHT - BOTTOM, TOP + 10]);
  const points = samples.map(({ bytes }, i): Point => [x(times[i] ?? startMs), y(bytes)]);
  const last = points.at(-1) ?? [LEFT, y(0)];
  const said = storageWords(trend);
  return picture(
    HEIGHT,
    said.title,
    said.subtitle,
    `${said.title}. ${said.subtitle}.`,
    ...ticks.flatMap((tick) => [
      line(LEFT, y(tick), WIDTH - MARGIN, y(tick)),
      words(axisBytes(tick), { x: LEFT - 8, y: y(tick) + 5, size: SMALL, ink: INK.quiet, anchor: 'end' }),
    ]),
    ...dayTicks(startMs, endMs).flatMap((day) => [
      line(x(day), HEIGHT - BOTTOM, x(day), HEIGHT - BOTTOM + 5, { ink: INK.quiet }),
      words(shortDate(day), {
        x: Math.min(Math.max(x(day), LEFT + 14), WIDTH - MARGIN - 18),
        y: HEIGHT - BOTTOM + 22,
        size: SMALL,
        ink: INK.quiet,
        anchor: 'middle',
      }),
    ]),
    element('path', { d: `${path(points)}V${y(0)}H${points[0]?.[0] ?? LEFT}Z`, fill: INK.fill }),
    element('path', { d: path(points), fill: 'none', stroke: INK.main, 'stroke-width': 3, 'stroke-linejoin': 'round' }),
    ...(ahead === undefined
      ? []
      : [line(last[0], last[1], x(ahead.atMs), y(ahead.bytes), { ink: INK.main, width: 3, dashes: '3 6' })]),
    ...(capBytes === null ? [] : capLine(capBytes, y(capBytes))),
    element('circle', { cx: last[0], cy: last[1], r: 6, fill: INK.paper, stroke: INK.main, 'stroke-width': 3 }),
  );
}

type Point = readonly [x: number, y: number];

const path = (points: readonly Point[]): string =>
  points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');

const capLine = (capBytes: number, y: number): Markup[] => [
  line(LEFT, y, WIDTH - MARGIN, y, { ink: INK.bad, width: 2.5, dashes: '10 5' }),
  words(fitted(`cap ${axisBytes(capBytes)}`, 200, SMALL), {
    x: LEFT + 6,
    y: y - 7,
    size: SMALL,
    ink: INK.bad,
    bold: true,
  }),
];

/** `5 GiB` rather than `5.00 GiB`. */
const axisBytes = (bytes: number): string => formatBytes(bytes).replace(/\.0+(?= )/, '');

/** Where the dashed line ends. */
function forecast(
  { capBytes, daysLeft, nowMs }: StorageTrend,
  used: number,
  firstMs: number,
): { atMs: number; bytes: number } | undefined {
  if (capBytes === null || daysLeft === null || daysLeft <= 0) return undefined;
  const most = Math.max((nowMs - firstMs) / DAY_MS, LEAST_AHEAD_DAYS);
  const days = Math.min(daysLeft, most);
  return { atMs: nowMs + days * DAY_MS, bytes: used + ((capBytes - used) * days) / daysLeft };
}

/** The same in words. */
export function storageWords({ samples, capBytes, daysLeft }: StorageTrend): { title: string; subtitle: string } {
  const used = samples.at(-1)?.bytes ?? 0;
  const title = `Storage: ${formatBytes(used)}`;
  if (capBytes === null) return { title, subtitle: 'There is no cap' };
  const subtitle = `${formatShare(capBytes > 0 ? used / capBytes : 1)} of ${formatBytes(capBytes)}; ${daysWords(daysLeft)}`;
  return { title, subtitle };
}

function daysWords(daysLeft: number | null): string {
  if (daysLeft === null) return 'when it is full cannot be foreseen';
  if (daysLeft <= 0) return 'full';
  const days = Math.floor(daysLeft);
  if (days > 730) return 'full in more than two years';
  return days < 1 ? 'full within a day' : `full in about ${formatCount(days)} day${days === 1 ? '' : 's'}`;
}
