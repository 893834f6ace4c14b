import { formatDuration } from '../shared/durations.ts';
import { printableText } from '../shared/printable.ts';
import { formatBytes, formatCount, formatShare } from '../view/units.ts';
import type { ProgressState } from '../view/view.ts';
import { displayWidth, shorten } from './width.ts';

const BAR_COLUMNS = 20;
/** A name shown shorter than this helps nobody. */
const LEAST_NAME = 12;

/** Progress in one line of at most `columns`: phase, bar, counts, rate, time left, and what is being worked on as far as it fits. */
export function progressText(progress: ProgressState, columns: number | undefined): string {
  const parts = [printableText(progress.phase), bar(progress.share), counts(progress), pace(progress)];
  const text = parts.filter((part) => part !== '').join('  ');
  if (columns === undefined) return text;
  const room = columns - displayWidth(text) - 2;
  if (progress.current === undefined || room < LEAST_NAME) return shorten(text, columns);
  return `${text}  ${shorten(printableText(progress.current), room)}`;
}

function bar(share: number | undefined): string {
  if (share === undefined) return '';
  const full = Math.floor(share * BAR_COLUMNS);
  return `[${'█'.repeat(full)}${'░'.repeat(BAR_COLUMNS - full)}] ${formatShare(share)}`;
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
