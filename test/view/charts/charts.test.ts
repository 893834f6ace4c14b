import { describe, expect, it } from 'vitest';
import { calendarChart, calendarWords, type DayMark } from '../../../src/view/charts/calendar-chart.ts';
import { dayTicks, roundTicks } from '../../../src/view/charts/scale.ts';
import { sizesChart } from '../../../src/view/charts/sizes-chart.ts';
import { type StorageTrend, storageChart, storageWords } from '../../../src/view/charts/storage-chart.ts';
import { HOSTILE_NAMES } from '../../helpers/view-gallery.ts';

const NOW_MS = Date.UTC(2030, 10, 20, 12);
const DAY_MS = 86_400_000;
const GIB = 1024 ** 3;

const ago = (days: number): string => new Date(NOW_MS - days * DAY_MS).toISOString();
const trend = (more: Partial<StorageTrend> = {}): StorageTrend => ({
  samples: [3, 2, 1, 0].map((days) => ({ at: ago(days), bytes: (4 - days * 0.1) * GIB })),
  capBytes: 5 * GIB,
  daysLeft: 14,
  nowMs: NOW_MS,
  ...more,
});
const run = (days: number) => ({ at: ago(days), bytes: GIB, storedBytes: 1, durationMs: 60_000 });

/** Elements by name, of a drawing that must be well formed: every tag closed in turn, no character that is not escaped. */
function elements(svg: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const rest = svg.replace(
    /<(\/?)([a-z]+)((?: [a-zA-Z0-9-]+="[^"<>&]*(?:&(?:amp|lt|gt|quot|apos);[^"<>&]*)*")*)(\/?)>/g,
    (_, end, name, _attributes, empty) => {
      if (end === '/') expect(open.pop()).toBe(name);
      else {
        names.push(name);
        if (empty !== '/') open.push(name);
      }
      return '';
    },
  );
  expect(open).toEqual([]);
  expect(rest).not.toMatch(/[<>]|&(?!(?:amp|lt|gt|quot|apos);)/);
  return names;
}

describe('the chart of storage', () => {
  it('has a curve, a cap and a forecast, told apart by their dashes', () => {
    const svg = storageChart(trend());
    expect(elements(svg)).toEqual(expect.arrayContaining(['path', 'line', 'circle']));
    expect(svg).toContain('cap 5 GiB');
    expect(svg.match(/stroke-dasharray/g)).toHaveLength(2);
  });

  it('says in words what it shows', () => {
    expect(storageWords(trend())).toEqual({
      title: 'Storage: 4.00 GiB',
      subtitle: '80 % of 5.00 GiB; full in about 14 days',
    });
    expect(storageWords(trend({ daysLeft: null })).subtitle).toContain('cannot be foreseen');
    expect(storageWords(trend({ daysLeft: 0.5 })).subtitle).toContain('full within a day');
    expect(storageWords(trend({ capBytes: null })).subtitle).toBe('There is no cap');
    expect(storageChart(trend())).toContain('aria-label="Storage: 4.00 GiB. 80 % of 5.00 GiB; full in about 14 days."');
  });

  it.each([
    ['one sample', { samples: [{ at: ago(0), bytes: 0 }] }],
    ['no cap', { capBytes: null, daysLeft: null }],
    ['a cap that was passed', { capBytes: GIB, daysLeft: 0 }],
    ['a cap of nothing', { capBytes: 0, daysLeft: null }],
    ['a forecast far away', { daysLeft: 100_000 }],
    [
      'samples of two years',
      { samples: Array.from({ length: 730 }, (_, i) => ({ at: ago(729 - i), bytes: i * GIB })) },
    ],
  ])('is drawn with %s, and with numbers only', (_, more) => {
    const svg = storageChart(trend(more));
    elements(svg);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(svg.length).toBeLessThan(40_000);
  });
});

describe('the calendar of runs', () => {
  const marks: DayMark[] = ['good', 'warnings', 'mixed', 'failed', 'none'];
  const days = marks.map((_, i) => `2030-11-0${i + 1}`);

  it('draws every outcome in a shape of its own', () => {
    const shape = (mark: DayMark): string => {
      const svg = calendarChart({ days: ['2030-11-01'], sources: [{ name: 'app', days: [mark] }] });
      const drawn = svg.slice(svg.indexOf('>app<'), svg.indexOf('>good<'));
      return drawn.replace(/ (?:fill|stroke)="#[0-9a-f]{6}"/g, '');
    };
    expect(new Set(marks.map(shape)).size).toBe(marks.length);
    const svg = calendarChart({ days, sources: [{ name: 'app', days: marks }] });
    for (const name of ['good', 'warnings', 'failed, then good', 'failed', 'no run'])
      expect(svg).toContain(`>${name}<`);
  });

  it('says in words what it shows', () => {
    const sources = [
      { name: 'app', days: marks },
      { name: 'db', days: marks.map((): DayMark => 'none') },
    ];
    expect(calendarWords({ days, sources }).subtitle).toBe('1 Nov to 5 Nov, 1 of 2 with failures, 1 without runs');
  });

  it('says how many sources have no room', () => {
    const sources = Array.from({ length: 33 }, (_, i) => ({ name: `s${i}`, days: marks }));
    const svg = calendarChart({ days, sources });
    elements(svg);
    expect(svg).toContain('13 more not shown');
  });

  it.each(HOSTILE_NAMES)('takes %j for a name', (name) => {
    elements(calendarChart({ days, sources: [{ name, days: marks }] }));
  });
});

describe('the chart of sizes', () => {
  it('has two bars for each run', () => {
    const runs = [2, 1, 0].map(run);
    const bars = elements(sizesChart({ source: 'app', runs })).filter((name) => name === 'rect');
    expect(bars).toHaveLength(1 + 2 * 3);
  });

  it('says where it shows the newest of many only', () => {
    const svg = sizesChart({ source: 'app', runs: Array.from({ length: 100 }, (_, i) => run(100 - i)) });
    expect(svg).toContain('the last 45 of 100 backups');
  });

  it.each(HOSTILE_NAMES)('takes %j for a name', (source) => {
    elements(sizesChart({ source, runs: [run(0)] }));
  });
});

describe('axes', () => {
  it.each([
    [1, 'bytes'],
    [1023, 'bytes'],
    [1.5 * GIB, 'bytes'],
    [7, 'number'],
    [0, 'bytes'],
  ] as const)('reach over %d (%s) in a few equal steps', (largest, kind) => {
    const ticks = roundTicks(largest, kind);
    expect(ticks[0]).toBe(0);
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(largest);
    expect(ticks.length).toBeLessThanOrEqual(7);
    expect(new Set(ticks).size).toBe(ticks.length);
  });

  it.each([0.5, 1, 3, 10, 45, 400, 4000])('name few of %d days', (days) => {
    const ticks = dayTicks(NOW_MS - days * DAY_MS, NOW_MS);
    expect(ticks.length).toBeLessThanOrEqual(6);
    for (const tick of ticks) expect(tick % DAY_MS).toBe(0);
  });
});
