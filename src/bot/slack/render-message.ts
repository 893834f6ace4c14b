import {
  type AttachedFile,
  DETAILS_FILE,
  detailsFile,
  nameTables,
  neededTables,
  ownFiles,
} from '../../terminal/attached-files.ts';
import { type Paint, type SettledPart, settleView } from '../../view/settle-view.ts';
import type { Wording } from '../../view/units.ts';
import type { View } from '../../view/view.ts';
import type { Block } from './blocks.ts';
import { controlsOf } from './controls.ts';
import { fitSegments } from './fit-segments.ts';
import { LIMITS } from './limits.ts';
import { clip } from './mrkdwn.ts';
import { nameFiles } from './name-files.ts';
import type { Segment } from './segment.ts';
import { segmentBlocks } from './segment-blocks.ts';
import { needsFile, segmentsOf } from './segments.ts';

export interface SlackMessage {
  /** What notifications and screen readers say: the message as plain text. */
  text: string;
  blocks: Block[];
  /** What goes below the message as files. */
  files: AttachedFile[];
}

/** All text of a message: above about 13,000 characters Slack refuses it, and nobody reads that much. */
const TEXT_ROOM = 9000;
/** Bytes that are read of one table or document. */
const FILE_BYTES = 50 * 1024 * 1024;

/** A View as a Slack message. What does not fit is attached: tables as CSV, all else as text. */
export async function renderMessage(view: View, wording: Wording, paint?: Paint): Promise<SlackMessage> {
  const parts = await settleView(view, FILE_BYTES, wording, paint);
  const tables = nameTables(parts);
  const all = parts.flatMap((part) => segmentsOf(part, wording, tables.get(part) ?? ''));
  const controls = controlsOf(parts);
  const { segments, shortened } = fitSegments([...all, ...notes(parts, controls.left)], TEXT_ROOM);
  const files = nameFiles([
    ...ownFiles(parts),
    ...neededTables(tables, shortened, needsFile, wording),
    ...(controls.left > 0 || shortened.some(({ wholeIn }) => wholeIn === DETAILS_FILE)
      ? [await detailsFile(parts, wording)]
      : []),
  ]);
  const blocks = [...segmentBlocks(segments), ...controls.blocks];
  return { text: fallbackText(segments), blocks, files };
}

/** What could not be shown or attached, in words. */
function notes(parts: readonly SettledPart[], left: number): Segment[] {
  const lines = [
    ...(left > 0 ? [`… ${left} more to choose from in the file ${DETAILS_FILE}`] : []),
    ...parts.flatMap((part) =>
      part.kind === 'file' && part.cutOff ? ['One file is attached in part: it is too large'] : [],
    ),
  ];
  return lines.map((line) => ({ style: 'quiet', lines: [{ marked: line, plain: line }], wholeIn: DETAILS_FILE }));
}

/** Never empty, which Slack refuses. */
function fallbackText(segments: readonly Segment[]): string {
  const text = segments
    .flatMap(({ lines }) => lines.map(({ plain }) => plain))
    .join('\n')
    .trim();
  return text === '' ? 'Nothing to show' : clip(text, LIMITS.text, (piece) => piece).replace(/&[a-z]*…$/, '…');
}
