import type { RunRecord, UsageSample } from '../state/unattended-records.ts';
import { calendarChart, calendarWords, type DayMark, type RunCalendar } from '../view/charts/calendar-chart.ts';
import { shortDate } from '../view/charts/scale.ts';
import { type RunSizes, sizesChart, sizesWords } from '../view/charts/sizes-chart.ts';
import { type StorageTrend, storageChart, storageWords } from '../view/charts/storage-chart.ts';
import { bytes, duration } from '../view/value.ts';
import { stack, text, type View } from '../view/view.ts';
import { DAY_MS, dayIn } from './desk.ts';

/** Columns of a chart that is made of letters. */
const MOST_BARS = 14;
const CALENDAR_DAYS = 14;
/** Of storage; there is one sample a day. */
const MOST_DAYS = 90;
const GOOD: ReadonlySet<RunRecord['status']> = new Set(['completed', 'completed_with_warnings', 'expired', 'deleted']);
const BAD: ReadonlySet<RunRecord['status']> = new Set(['failed', 'interrupted']);

/** Undefined while nothing was measured. */
export function storageTrend(
  usage: readonly UsageSample[],
  more: Pick<StorageTrend, 'capBytes' | 'daysLeft' | 'nowMs'>,
): StorageTrend | undefined {
  if (usage.length === 0) return undefined;
  return {
    ...more,
    samples: usage.slice(-MOST_DAYS).map(({ at, repositoryBytes }) => ({ at, bytes: repositoryBytes })),
  };
}

export function storagePicture(trend: StorageTrend): View {
  const { title, subtitle } = storageWords(trend);
  const points = trend.samples.slice(-MOST_BARS).map((sample) => ({
    label: shortDate(Date.parse(sample.at)),
    value: bytes(sample.bytes),
    size: sample.bytes,
  }));
  return {
    kind: 'picture',
    name: 'storage',
    title: `${title}, ${subtitle}`,
    svg: storageChart(trend),
    alternative: { kind: 'series', title: `${title}, ${subtitle}`, points },
  };
}

/** How the runs of the last days went, by the calendar of a zone. */
export function runCalendar(
  runs: readonly RunRecord[],
  sources: readonly string[],
  { nowMs, timeZone }: { nowMs: number; timeZone: string },
): RunCalendar {
  const days = Array.from({ length: CALENDAR_DAYS }, (_, i) =>
    dayIn(timeZone, nowMs - (CALENDAR_DAYS - 1 - i) * DAY_MS),
  );
  const byCell = Map.groupBy(
    runs,
    ({ source, ended, started }) => `${dayIn(timeZone, Date.parse(ended ?? started))} ${source}`,
  );
  return {
    days,
    sources: sources.map((name) => ({ name, days: days.map((day) => markOf(byCell.get(`${day} ${name}`) ?? [])) })),
  };
}

/** Of the runs of a day, oldest first. */
function markOf(runs: readonly RunRecord[]): DayMark {
  const good = runs.findLastIndex(({ status }) => GOOD.has(status));
  const bad = runs.findLastIndex(({ status }) => BAD.has(status));
  if (good < 0 && bad < 0) return 'none';
  if (bad > good) return 'failed';
  if (bad >= 0) return 'mixed';
  return runs.some(({ status, warnings }) => status === 'completed_with_warnings' || warnings > 0)
    ? 'warnings'
    : 'good';
}

const LETTERS: Readonly<Record<DayMark, string>> = { good: '✓', warnings: '!', mixed: '±', failed: '✗', none: '·' };

export function calendarPicture(calendar: RunCalendar): View {
  const { title, subtitle } = calendarWords(calendar);
  return {
    kind: 'picture',
    name: 'calendar',
    title: `${title}: ${subtitle}`,
    svg: calendarChart(calendar),
    alternative: stack(
      text(`${title}: ${subtitle}`),
      {
        kind: 'table',
        columns: [{ title: 'Source' }, { title: 'Days' }],
        rows: calendar.sources.map(({ name, days }) => [name, days.map((mark) => LETTERS[mark]).join('')]),
        empty: 'No source is configured.',
      },
      { kind: 'text', tone: 'quiet', text: '✓ good  ! warnings  ± failed, then good  ✗ failed  · no run' },
    ),
  };
}

/** Of the good runs of a source; undefined where there is none. */
export function runSizes(runs: readonly RunRecord[], source: string): RunSizes | undefined {
  const good = runs.filter((run) => run.source === source && GOOD.has(run.status) && run.ended !== null);
  if (good.length === 0) return undefined;
  return {
    source,
    runs: good.map(({ started, ended, bytes: size, stored }) => ({
      at: started,
      bytes: size,
      storedBytes: stored,
      durationMs: Date.parse(ended ?? started) - Date.parse(started),
    })),
  };
}

export function sizesPicture(sizes: RunSizes): View {
  const { title, subtitle } = sizesWords(sizes);
  const shown = sizes.runs.slice(-MOST_BARS);
  return {
    kind: 'picture',
    name: `sizes-${sizes.source}`,
    title: `${title}, ${subtitle}`,
    svg: sizesChart(sizes),
    alternative: stack(
      {
        kind: 'series',
        title: `${sizes.source}: size`,
        points: shown.map((run) => ({
          label: shortDate(Date.parse(run.at)),
          value: bytes(run.bytes),
          size: run.bytes,
        })),
      },
      {
        kind: 'series',
        title: `${sizes.source}: duration`,
        points: shown.map((run) => ({
          label: shortDate(Date.parse(run.at)),
          value: duration(run.durationMs),
          size: run.durationMs,
        })),
      },
    ),
  };
}
