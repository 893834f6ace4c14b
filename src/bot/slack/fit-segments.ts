import { fairShare } from '../../shared/fair-share.ts';
import { formatCount } from '../../view/units.ts';
import { clip, type Line } from './mrkdwn.ts';
import type { Segment } from './segment.ts';

/** Fewer characters of a segment than this tell nothing. */
const LEAST = 80;
/** What a fence and its line feeds take. */
const FENCE = 8;

export interface FittedSegments {
  segments: readonly Segment[];
  /** Those that are not shown whole. */
  shortened: readonly Segment[];
}

/**
 * The segments one below the other within `room` characters. Where there is too much, every segment may have the same share,
 * so that a long one never displaces a short one; what is missing is said in place, with the file that has it.
 */
export function fitSegments(all: readonly Segment[], room: number): FittedSegments {
  if (all.reduce((sum, segment) => sum + sizeOf(segment), 0) <= room) return { segments: all, shortened: [] };
  const kept = all.slice(0, Math.floor(room / LEAST) - 1);
  const dropped = all.slice(kept.length);
  const share = fairShare(kept.map(sizeOf), room - LEAST);
  const shortened = kept.filter((segment) => sizeOf(segment) > share);
  const segments = kept.flatMap((segment) => (shortened.includes(segment) ? shorten(segment, share) : [segment]));
  const end = dropped.length === 0 ? [] : [moreNote(dropped.length, dropped[0]?.wholeIn ?? '')];
  return { segments: [...segments, ...end], shortened: [...shortened, ...dropped] };
}

const lineSize = ({ marked, plain }: Line): number => Math.max(marked?.length ?? 0, plain.length) + 1;

const sizeOf = ({ lines, style }: Segment): number =>
  lines.reduce((sum, line) => sum + lineSize(line), style === 'code' ? FENCE : 0);

/** As many lines as fit into `room`, and a note that says how many do not. */
function shorten(segment: Segment, room: number): Segment[] {
  const { lines, wholeIn, style } = segment;
  const space = room - sizeOf(moreNote(lines.length, wholeIn)) - (style === 'code' ? FENCE : 0);
  const shown: Line[] = [];
  let used = 0;
  for (const line of lines) {
    used += lineSize(line);
    if (used > space) break;
    shown.push(line);
  }
  if (shown.length > 0) return [{ ...segment, lines: shown }, moreNote(lines.length - shown.length, wholeIn)];
  const first = cut(lines[0], Math.max(space, 1), style);
  return [{ ...segment, lines: [first] }, moreNote(lines.length, wholeIn)];
}

/** The beginning of a line that is too long alone. It is escaped already, so that no escape may be cut in two. */
function cut(line: Line | undefined, room: number, style: Segment['style']): Line {
  const plain = clip(line?.plain ?? '', room, (text) => text).replace(/&[a-z]*…$/, '…');
  return { plain, marked: style === 'code' ? plain : undefined };
}

function moreNote(left: number, file: string): Segment {
  const note = `… ${formatCount(left)} more in the file ${file}`;
  return { style: 'quiet', lines: [{ marked: note, plain: note }], wholeIn: file };
}
