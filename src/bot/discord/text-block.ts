import { fairShare } from '../../shared/fair-share.ts';

/** One line of a message. */
export interface BlockLine {
  text: string;
  /** The line within `room` characters, ending in a mark that something is missing. */
  cut(room: number): string;
}

/** Lines that belong together and may be shown in part, between what opens and closes them. */
export interface TextBlock {
  open: string;
  lines: readonly BlockLine[];
  close: string;
  /** Where the reader finds what had to be left out. */
  wholeIn: string;
}

/** Fewer characters of a block than this tell nothing. */
const LEAST = 80;

export interface FittedText {
  text: string;
  /** The blocks that are not shown whole. */
  shortened: readonly TextBlock[];
}

/**
 * The blocks one below the other within `room` characters. Where there is too much, every block may have the same share, so
 * that a long one never displaces a short one; what is missing is said in place, with the file that has it.
 */
export function fitBlocks(blocks: readonly TextBlock[], room: number): FittedText {
  const whole = blocks.map(wholeText);
  if (whole.join('\n').length <= room) return { text: whole.join('\n'), shortened: [] };
  const kept = blocks.slice(0, Math.floor(room / LEAST) - 1);
  const dropped = blocks.slice(kept.length);
  const note = dropped.length === 0 ? '' : moreNote(dropped.length, dropped[0]?.wholeIn ?? '');
  const share = fairShare(
    whole.slice(0, kept.length).map((text) => text.length + 1),
    room - note.length - 1,
  );
  const texts = kept.map((block, i) => {
    const text = whole[i] ?? '';
    return text.length < share ? text : shortenBlock(block, share - 1);
  });
  const shortened = kept.filter((_block, i) => texts[i] !== whole[i]);
  const text = [...texts, note].filter((one) => one !== '').join('\n');
  // Only what opens or closes a block can be longer than its share. Cutting there would leave code and escapes half open.
  if (text.length > room) return { text: restNote(blocks[0]?.wholeIn ?? ''), shortened: blocks };
  return { text, shortened: [...shortened, ...dropped] };
}

const wholeText = ({ open, lines, close }: TextBlock): string =>
  open + lines.map(({ text }) => text).join('\n') + close;

const moreNote = (left: number, file: string): string => `-# … ${left} more in the file ${file}`;
const restNote = (file: string): string => `-# … the rest is in the file ${file}`;

/** As many lines as fit into `room`, and a note that says how many do not; of a single long line its beginning. */
function shortenBlock({ open, lines, close, wholeIn }: TextBlock, room: number): string {
  const end = `${close}\n`;
  const space = room - open.length - end.length;
  const shown = firstLines(lines, space - moreNote(lines.length, wholeIn).length);
  if (shown.length > 0) return open + shown.join('\n') + end + moreNote(lines.length - shown.length, wholeIn);
  const note = restNote(wholeIn);
  return open + (lines[0]?.cut(Math.max(space - note.length, 1)) ?? '') + end + note;
}

function firstLines(lines: readonly BlockLine[], room: number): string[] {
  const shown: string[] = [];
  let used = 0;
  for (const { text } of lines) {
    used += text.length + 1;
    if (used > room) break;
    shown.push(text);
  }
  return shown;
}

/** The longest beginning of `text` that takes at most `room` characters once `dress` was put on it, with `…` at its end. */
export function cutToFit(text: string, room: number, dress: (piece: string) => string): string {
  const characters = [...text];
  let low = 0;
  let high = characters.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (dress(`${characters.slice(0, middle).join('')}…`).length <= room) low = middle;
    else high = middle - 1;
  }
  return dress(`${characters.slice(0, low).join('')}…`);
}
