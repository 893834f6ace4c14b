import { formatDuration } from '../shared/durations.ts';
import { printableText } from '../shared/printable.ts';
import { formatBytes } from '../shared/sizes.ts';
import { formatCount, formatShare } from '../view/units.ts';
import type { ProgressState } from '../view/view.ts';
import { displayWidth, shorten } from './width.ts';

const BAR_COLUMNS = 20;
/** A name shown shorter than this helps nobody. */
const LEAST_NAME = 12;

/** Progress in one line of at most `columns`: phase, bar, counts, rate, time left, current name. What does not fit goes, the least telling first. */
export function progressText(progress: ProgressState, columns: number | undefined): string {
  const phase = printableText(progress.phase);
  const share = progress.share === undefined ? '' : formatShare(progress.share);
  const versions = [
    [phase, bar(progress.share), share, counts(progress), pace(progress)],
    [phase, share, counts(progress), pace(progress)],
    [phase, share, counts(progress)],
    [phase, share],
  ].map((parts) => parts.filter((part) => part !== '').join('  '));
  if (columns === undefined) return versions[0] ?? '';
  const text = versions.find((version) => displayWidth(version) <= columns) ?? shorten(phase, columns);
  const room = columns - displayWidth(text) - 2;
  if (!progress.current || room < LEAST_NAME) return text;
  return `${text}  ${shorten(printableText(progress.current), room)}`;
}

function bar(share: number | undefined): string {
  if (share === undefined) return '';
  const full = Math.floor(share * BAR_COLUMNS);
  return `[${'█'.repeat(full)}${'░'.repeat(BAR_COLUMNS - full)}]`;
}

function counts({ files, totalFiles, bytes, totalBytes }: ProgressState): string {
  const ofFiles = totalFiles === undefined ? '' : `/${formatCount(totalFiles)}`;
  const ofBytes = totalBytes === undefined ? '' : `/${formatBytes(totalBytes)}`;
  const shown = [
    files > 0 || totalFiles !== undefined ? `${formatCount(files)}${ofFiles} files` : '',
    bytes > 0 || totalBytes !== undefined ? `${formatBytes(bytes)}${ofBytes}` : '',
  ];
  return shown.filter((part) => part !== '').join(', ');
}

function pace({ bytesPerSecond, remainingMs }: ProgressState): string {
  const rate = bytesPerSecond === undefined || bytesPerSecond <= 0 ? '' : `${formatBytes(bytesPerSecond)}/s`;
  return remainingMs === undefined ? rate : `${rate}  ${formatDuration(remainingMs)} left`;
}
