import { formatDuration } from '../../shared/durations.ts';
import { printableText } from '../../shared/printable.ts';
import { formatBytes } from '../../shared/sizes.ts';
import { DETAILS_FILE } from '../../terminal/attached-files.ts';
import { shorten } from '../../terminal/width.ts';
import { formatCount, formatShare, type Wording } from '../../view/units.ts';
import type { ProgressState } from '../../view/view.ts';
import { bold, codeLine, type Line, toLine } from './mrkdwn.ts';
import type { Segment } from './segment.ts';

const BAR_CELLS = 20;
/** Columns of a phase, and of the name of what is being worked on: there is always more of them. */
const COLUMNS = 72;

/** Progress as a phase, a bar with its share, counts with rate and time left, and the current name. */
export function progressSegments(progress: ProgressState, wording: Wording): Segment[] {
  const head = toLine(shorten(printableText(progress.phase), COLUMNS), wording, '', bold);
  const lines: Line[] = [
    ...(progress.share === undefined ? [] : [codeLine(`${bar(progress.share)}  ${formatShare(progress.share)}`)]),
    codeLine(counts(progress)),
    ...(progress.current ? [codeLine(shorten(printableText(progress.current), COLUMNS))] : []),
  ].filter(({ plain }) => plain !== '');
  return [
    { style: 'text', lines: [head], wholeIn: DETAILS_FILE },
    ...(lines.length === 0 ? [] : [{ style: 'code', lines, wholeIn: DETAILS_FILE } as const]),
  ];
}

function bar(share: number): string {
  const full = Math.floor(Math.min(Math.max(share, 0), 1) * BAR_CELLS);
  return '█'.repeat(full) + '░'.repeat(BAR_CELLS - full);
}

function counts({ files, totalFiles, bytes, totalBytes, bytesPerSecond, remainingMs }: ProgressState): string {
  const of = (total: string | undefined): string => (total === undefined ? '' : ` of ${total}`);
  const parts = [
    files > 0 || totalFiles !== undefined
      ? `${formatCount(files)}${of(totalFiles === undefined ? undefined : formatCount(totalFiles))} files`
      : '',
    bytes > 0 || totalBytes !== undefined
      ? `${formatBytes(bytes)}${of(totalBytes === undefined ? undefined : formatBytes(totalBytes))}`
      : '',
    bytesPerSecond === undefined || bytesPerSecond <= 0 ? '' : `${formatBytes(bytesPerSecond)}/s`,
    remainingMs === undefined ? '' : `${formatDuration(remainingMs)} left`,
  ];
  return parts.filter((part) => part !== '').join(' · ');
}
