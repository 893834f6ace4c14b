import { formatBytes } from '../../shared/sizes.ts';
import type { RunRecord } from '../../state/unattended-records.ts';
import { median } from './forecast.ts';

/** Fewer runs say nothing of what is usual. */
const LEAST_RUNS = 8;
/** Runs that the usual range is taken from. */
const RECENT = 30;
/** How many robust standard deviations from the median are still usual. */
const WIDTH = 6;
/** Makes the median absolute deviation of a normal distribution its standard deviation (Rousseeuw and Croux 1993). */
const MAD_TO_SIGMA = 1.4826;
/** Runs this near to the same point of another week are compared with as well, so that a weekly batch is usual on its day. */
const WEEKLY_SLACK_MS = 12 * 3_600_000;
const WEEK_MS = 7 * 86_400_000;
/** How far beyond what was seen at the same point of a week is still usual. */
const WEEKLY_WIDTH = 1.5;

/** Never unusual below these, however steady a source has been. */
const LEAST_CHURN = 0.5;
/** The same where what is new compresses as ever, so that nobody has encrypted or blanked it. */
const LEAST_READABLE_CHURN = 0.9;
const LEAST_SHRINKAGE = 0.5;
const LEAST_GROWTH = 4;
const LEAST_GROWTH_BYTES = 64 * 2 ** 20;
/** New content that cannot be compressed counts where it is so much of all. */
const LEAST_NEW_SHARE = 0.2;
const LEAST_NEW_BYTES = 64 * 1024;
const INCOMPRESSIBLE = 0.9;
const LEAST_RATIO_STEP = 0.2;

export interface Usual {
  /** Good runs of the same source before this one, oldest first. */
  earlier: readonly RunRecord[];
  /** When an owner said last that all looks right, ISO 8601: what came from then on is usual. */
  accepted: string | undefined;
}

/** What a run is compared with. */
interface Comparison {
  earlier: readonly RunRecord[];
  /** At the same point of other weeks. */
  weekly: readonly RunRecord[];
  /** Since an owner said that all looks right. */
  accepted: readonly RunRecord[];
}

type Measure = (run: RunRecord) => number;

const filesOf: Measure = ({ files }) => files.new + files.changed + files.unmodified;
const bytesOf: Measure = ({ bytes }) => bytes;
const touchedFiles: Measure = (run) => (run.files.new + run.files.changed) / Math.max(filesOf(run), 1);
const newBytes: Measure = ({ added, bytes }) => added / Math.max(bytes, added, 1);
const ratioOf: Measure = ({ stored, added }) => stored / added;

/**
 * What makes a run far from the usual of its source, in words; nothing where it is not. Looked at are its size, how much of it is new, and whether what is new can be
 * compressed, each against the range of the last runs (median and MAD, with floors) and of the same point of the weeks before.
 */
export function unusual(run: RunRecord, { earlier, accepted }: Usual): string[] {
  if (earlier.length < LEAST_RUNS) return [];
  const comparison: Comparison = {
    earlier,
    weekly: sameTimeOfWeek(run, earlier),
    accepted: accepted === undefined ? [] : earlier.filter(({ started }) => started >= accepted),
  };
  return [
    shrunk(run, comparison, bytesOf, inBytes),
    shrunk(run, comparison, filesOf, inFiles),
    grown(run, comparison),
    churned(run, comparison, touchedFiles, 'of the files are new or changed'),
    churned(run, comparison, newBytes, 'of the content is new'),
    scrambled(run, comparison),
  ].filter((reason) => reason !== undefined);
}

const inBytes = (now: number, usual: number): string =>
  `The content shrank to ${formatBytes(now)}; usual are ${formatBytes(usual)}`;
const inFiles = (now: number, usual: number): string => `There are ${now} files; usual are ${Math.round(usual)}`;

function shrunk(
  run: RunRecord,
  comparison: Comparison,
  measure: Measure,
  words: (now: number, usual: number) => string,
): string | undefined {
  const { middle, spread } = rangeOf(ofSize(comparison), measure);
  const least = Math.min(...comparison.weekly.map(measure));
  const limit = Math.min(LEAST_SHRINKAGE * middle, middle - spread, least / WEEKLY_WIDTH);
  return measure(run) < limit ? words(measure(run), middle) : undefined;
}

function grown(run: RunRecord, comparison: Comparison): string | undefined {
  const { middle, spread } = rangeOf(ofSize(comparison), bytesOf);
  const most = Math.max(...comparison.weekly.map(bytesOf));
  const limit = Math.max(LEAST_GROWTH * middle, middle + LEAST_GROWTH_BYTES, middle + spread, most * WEEKLY_WIDTH);
  if (run.bytes <= limit) return undefined;
  return `The content grew to ${formatBytes(run.bytes)}; usual are ${formatBytes(middle)}`;
}

/** A size that was accepted is the only one to compare with. */
const ofSize = ({ earlier, accepted }: Comparison): readonly RunRecord[] => (accepted.length > 0 ? accepted : earlier);

function churned(run: RunRecord, comparison: Comparison, measure: Measure, what: string): string | undefined {
  const { earlier, weekly, accepted } = comparison;
  const { middle, spread } = rangeOf(earlier, measure);
  const most = Math.max(...[...weekly, ...accepted].map(measure));
  const floor = compressesAsEver(run, comparison) ? LEAST_READABLE_CHURN : LEAST_CHURN;
  if (measure(run) <= Math.max(floor, middle + spread, most * WEEKLY_WIDTH)) return undefined;
  return `${percent(measure(run))} ${what}; usual are up to ${percent(Math.min(middle + spread, 1))}`;
}

/** Much is new, and cannot be compressed as what came before: it may have been encrypted. */
function scrambled(run: RunRecord, comparison: Comparison): string | undefined {
  const usual = ratioRange(comparison);
  if (usual === undefined || !tellsRatio(run) || newBytes(run) < LEAST_NEW_SHARE) return undefined;
  const alike = [...comparison.weekly, ...comparison.accepted].filter(
    (other) => tellsRatio(other) && newBytes(other) >= LEAST_NEW_SHARE,
  );
  const limit = Math.max(INCOMPRESSIBLE, usual.middle + usual.step, ...alike.map(ratioOf));
  if (ratioOf(run) <= limit) return undefined;
  return `${percent(newBytes(run))} of the content is new and takes ${percent(ratioOf(run))} of its size when compressed; usual are ${percent(usual.middle)}`;
}

/** Only where what is usual can be told from encrypted content. */
function compressesAsEver(run: RunRecord, comparison: Comparison): boolean {
  const usual = ratioRange(comparison);
  if (usual === undefined || !tellsRatio(run) || usual.middle + usual.step > INCOMPRESSIBLE) return false;
  return Math.abs(ratioOf(run) - usual.middle) <= usual.step;
}

const tellsRatio = ({ added }: RunRecord): boolean => added >= LEAST_NEW_BYTES;

function ratioRange({ earlier }: Comparison): { middle: number; step: number } | undefined {
  const known = earlier.filter(tellsRatio);
  if (known.length === 0) return undefined;
  const { middle, spread } = rangeOf(known, ratioOf);
  return { middle, step: Math.max(LEAST_RATIO_STEP, spread) };
}

function rangeOf(runs: readonly RunRecord[], measure: Measure): { middle: number; spread: number } {
  const values = runs.slice(-RECENT).map(measure);
  const middle = median(values);
  return { middle, spread: WIDTH * MAD_TO_SIGMA * median(values.map((value) => Math.abs(value - middle))) };
}

function sameTimeOfWeek({ started }: RunRecord, earlier: readonly RunRecord[]): RunRecord[] {
  const atMs = Date.parse(started);
  return earlier.filter((other) => {
    const apartMs = atMs - Date.parse(other.started);
    const offMs = apartMs % WEEK_MS;
    return apartMs > WEEKLY_SLACK_MS && Math.min(offMs, WEEK_MS - offMs) <= WEEKLY_SLACK_MS;
  });
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
