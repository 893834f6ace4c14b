import type { RunRecord } from '../../src/state/unattended-records.ts';
import { runRecord } from './run-record.ts';
import type { SeededRandom } from './seeded-random.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface SimulatedSource {
  /** Hours between two runs. */
  everyHours: number;
  /** Share of the files that an ordinary day touches. */
  dailyChurn: number;
  /** Share that the batch of each week touches, on one day at about one hour. */
  weeklyChurn: number;
  /** How the size grows in a day, as a share. */
  growth: number;
  /** Stored of added, for content of the source. */
  ratio: number;
  /** Share of the content that is thrown away after each weekly batch, and comes back over the week. */
  purge?: number;
}

/** A year of runs of a source with growth, noise, workdays, a weekly batch, holidays without work, and a few missed runs. All of it is harmless. */
export function* simulatedYear(source: SimulatedSource, random: SeededRandom, startMs: number): Generator<RunRecord> {
  const noise = (width: number): number => Math.exp(width * normal(random));
  let [files, bytes, purged] = [10_000, 2e9, 0];
  const holidays = Array.from({ length: 4 }, () => Math.floor(unit(random) * 350));
  for (let hour = 0; hour < 365 * 24; hour += source.everyHours) {
    if (unit(random) < 0.01) continue;
    const [day, hourOfDay] = [Math.floor(hour / 24), hour % 24];
    const isHoliday = holidays.some((first) => day >= first && day < first + 9);
    const isWeekend = day % 7 >= 5;
    const isDaytime = hourOfDay >= 7 && hourOfDay < 19;
    const share = source.everyHours / 24;
    const work = isHoliday ? 0.02 : (isWeekend ? 0.2 : 1) * (isDaytime ? 1.8 : 0.2);
    const isBatch = day % 7 === 6 && hourOfDay >= 2 && hourOfDay < 2 + source.everyHours;
    const touched = Math.min(
      0.95,
      source.dailyChurn * share * work * noise(0.7) + (isBatch ? source.weeklyChurn * noise(0.15) : 0),
    );
    const growth = source.growth * share * work * noise(0.5);
    files = Math.round(files * (1 + growth * 0.5));
    bytes *= 1 + growth;
    if (source.purge !== undefined) purged = isBatch ? source.purge : purged * 0.5 ** share;
    const size = Math.round(bytes * (1 - purged));
    const changed = Math.round(files * touched);
    const added = Math.round(size * Math.min(1, touched * noise(0.2) + growth));
    const created = Math.round(files * growth * 0.5);
    yield runRecord(startMs + day * DAY_MS + hourOfDay * HOUR_MS + Math.floor(unit(random) * 600_000), {
      bytes: size,
      read: added,
      added,
      stored: Math.round(added * Math.min(1, source.ratio * noise(0.08))),
      files: { new: created, changed, unmodified: Math.max(0, files - changed - created), unreadable: 0 },
    });
  }
}

/** The next run, had somebody encrypted a share of the files in place before it. */
export function encrypted(run: RunRecord, share: number): RunRecord {
  const files = run.files.new + run.files.changed + run.files.unmodified;
  const changed = Math.round(files * share);
  const added = Math.round(run.bytes * share);
  return {
    ...run,
    added,
    read: added,
    stored: Math.round(added * 1.001),
    files: { new: 0, changed, unmodified: files - changed, unreadable: 0 },
  };
}

/** The next run, had somebody deleted a share of the files before it. */
export function deleted(run: RunRecord, share: number): RunRecord {
  const files = run.files.new + run.files.changed + run.files.unmodified;
  return {
    ...run,
    bytes: Math.round(run.bytes * (1 - share)),
    added: 0,
    read: 0,
    stored: 900,
    files: { new: 0, changed: 0, unmodified: Math.round(files * (1 - share)), unreadable: 0 },
  };
}

/** Standard normal, by Box and Muller (1958). */
function normal(random: SeededRandom): number {
  return Math.sqrt(-2 * Math.log(1 - unit(random))) * Math.cos(2 * Math.PI * unit(random));
}

/** From 0 up to, not including, 1. */
function unit(random: SeededRandom): number {
  return random.below(2 ** 32) / 2 ** 32;
}
