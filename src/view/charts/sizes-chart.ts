import { formatDuration } from '../../shared/durations.ts';
import { formatBytes } from '../../shared/sizes.ts';
import { fitted, INK, line, MARGIN, picture, SMALL, TOP, WIDTH, words } from './paper.ts';
import { linear, roundTicks, shortDate } from './scale.ts';
import { element, type Markup } from './svg.ts';

export interface RunSizes {
  source: string;
  /** Good runs, oldest first, at least one. */
  runs: readonly { at: string; bytes: number; storedBytes: number; durationMs: number }[];
}

const HEIGHT = 472;
const LEFT = 88;
const PANEL = 130;
/** More bars are too thin to see. */
const MOST_BARS = 45;

/** How large each backup of a source was, and below it how long it took. */
export function sizesChart({ source, runs }: RunSizes): string {
  const shown = runs.slice(-MOST_BARS);
  const said = sizesWords({ source, runs });
  const upper = TOP + 34;
  const lower = upper + PANEL + 64;
  return picture(
    HEIGHT,
    said.title,
    said.subtitle,
    `${said.title}. ${said.subtitle}.`,
    words('Size', { x: MARGIN, y: upper - 18, size: SMALL, bold: true }),
    ...panel(
      shown.map(({ bytes }) => bytes),
      upper,
      'bytes',
      'solid',
    ),
    words('Duration', { x: MARGIN, y: lower - 18, size: SMALL, bold: true }),
    ...panel(
      shown.map(({ durationMs }) => durationMs),
      lower,
      'duration',
      'outlined',
    ),
    ...dates(shown, lower + PANEL + 22),
  );
}

function panel(
  values: readonly number[],
  top: number,
  kind: 'bytes' | 'duration',
  look: 'solid' | 'outlined',
): Markup[] {
  const largest = Math.max(1, ...values);
  const ticks = kind === 'bytes' ? roundTicks(largest, 'bytes') : durationTicks(largest);
  const y = linear([0, ticks.at(-1) ?? 1], [top + PANEL, top]);
  const slot = slotWidth(values.length);
  const width = Math.min(slot * 0.7, 40);
  const bar = look === 'solid' ? { fill: INK.main } : { fill: INK.fill, stroke: INK.main, 'stroke-width': 1.5 };
  return [
    ...ticks.flatMap((tick) => [
      line(LEFT, y(tick), WIDTH - MARGIN, y(tick)),
      words(kind === 'bytes' ? formatBytes(tick) : tick === 0 ? '0' : formatDuration(tick).replace(/\.0 s$/, ' s'), {
        x: LEFT - 8,
        y: y(tick) + 5,
        size: SMALL,
        ink: INK.quiet,
        anchor: 'end',
      }),
    ]),
    ...values.map((value, i) =>
      element('rect', {
        x: LEFT + slot * (i + 0.5) - width / 2,
        y: Math.min(y(value), top + PANEL - 1.5),
        width,
        height: Math.max(top + PANEL - y(value), 1.5),
        ...bar,
      }),
    ),
  ];
}

const slotWidth = (count: number): number => (WIDTH - MARGIN - LEFT) / Math.max(count, 1);

/** First, middle and last, as far as they differ. */
function dates(runs: RunSizes['runs'], y: number): Markup[] {
  const slot = slotWidth(runs.length);
  const named = [...new Set([0, Math.floor((runs.length - 1) / 2), runs.length - 1])];
  return named.map((i) =>
    words(shortDate(Date.parse(runs[i]?.at ?? '')), {
      x: Math.min(Math.max(LEFT + slot * (i + 0.5), LEFT + 18), WIDTH - MARGIN - 18),
      y,
      size: SMALL,
      ink: INK.quiet,
      anchor: 'middle',
    }),
  );
}

const STEPS_MS = [
  1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000,
  14_400_000, 28_800_000, 86_400_000,
] as const;

/** Round durations from 0 to at least `largest`. */
function durationTicks(largest: number): number[] {
  const step =
    largest < 2000
      ? Math.max(Math.ceil(largest / 400) * 100, 100)
      : (STEPS_MS.find((one) => largest / one <= 4) ?? 86_400_000);
  return Array.from({ length: Math.max(Math.ceil(largest / step), 1) + 1 }, (_, i) => i * step);
}

/** The same in words. */
export function sizesWords({ source, runs }: RunSizes): { title: string; subtitle: string } {
  const last = runs.at(-1);
  const left = Math.max(runs.length - MOST_BARS, 0);
  const title = fitted(`${source}: sizes and durations`, WIDTH - 2 * MARGIN, 19);
  if (last === undefined) return { title, subtitle: 'No good backup is known' };
  const shown =
    left > 0
      ? `the last ${MOST_BARS} of ${runs.length} backups`
      : `${runs.length} backup${runs.length === 1 ? '' : 's'}`;
  return { title, subtitle: `${shown}; newest ${formatBytes(last.bytes)} in ${formatDuration(last.durationMs)}` };
}
