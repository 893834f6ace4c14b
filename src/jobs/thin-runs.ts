import type { RunRecord } from '../state/unattended-records.ts';

/** Runs of each source that are all remembered: three days of hourly ones. */
const RECENT = 72;
/** Of the days before, each keeps its worst run and the one that changed most. */
const DAYS = 100;
const DAY_MS = 86_400_000;

/** What is worth remembering of the runs, oldest first: so few that the state stays small, and still how each day went, and what each weekday is like. */
export function thinned(runs: readonly RunRecord[]): RunRecord[] {
  // ISO 8601 in UTC: as text they are in the order of time.
  const newest = runs.reduce((latest, { started }) => (started > latest ? started : latest), '');
  const oldest = newest === '' ? '' : new Date(Date.parse(newest) - DAYS * DAY_MS).toISOString();
  const kept = new Set<RunRecord>();
  for (const own of Map.groupBy(runs, ({ source }) => source).values()) {
    for (const run of own.slice(-RECENT)) kept.add(run);
    const older = own.slice(0, -RECENT).filter(({ started }) => started > oldest);
    for (const day of Map.groupBy(older, ({ started }) => started.slice(0, 10)).values()) {
      kept.add(mostOf(day, badness));
      kept.add(mostOf(day, change));
    }
  }
  return runs.filter((run) => kept.has(run));
}

const badness = ({ status, error }: RunRecord): number => (status === 'failed' ? 2 : error === null ? 0 : 1);

const change = ({ added, bytes, files }: RunRecord): number =>
  added / Math.max(bytes, 1) + (files.new + files.changed) / Math.max(files.new + files.changed + files.unmodified, 1);

/** The last of those that have the most. */
function mostOf(runs: readonly RunRecord[], measure: (run: RunRecord) => number): RunRecord {
  return runs.reduce((most, run) => (measure(run) >= measure(most) ? run : most));
}
