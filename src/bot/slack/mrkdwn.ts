import { printableText } from '../../shared/printable.ts';
import { formatValue, type Wording } from '../../view/units.ts';
import type { Value } from '../../view/value.ts';
import type { Sentence } from '../../view/view.ts';

/** A line in both of Slack's forms, each escaped and ready to send. */
export interface Line {
  /** For a text of type `mrkdwn`; undefined where something in the line would be taken for markup, which Slack has no way to escape. */
  marked: string | undefined;
  /** For a text of type `plain_text`. */
  plain: string;
}

/** `<` begins every mention and link; `&` and `>` have to be escaped along with it. */
export function escapeSlack(text: string): string {
  return entities(printableText(text));
}

function entities(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const MARKUP = [
  /[*~`]/,
  // Within a word an underscore is one.
  /(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/u,
  /^\s*>/,
  // `:smile:`, but not the minutes of a time.
  /:(?=[\w+'-]*[a-z+])[\w+'-]+:/i,
  /:\/\//,
  /@(?:channel|here|everyone)/,
];

const looksMarked = (text: string): boolean => MARKUP.some((pattern) => pattern.test(text));

/** A line within a fence of three backticks, escaped: no run of backticks in it can close the fence. */
export function codeLine(shown: string): Line {
  const marked = entities(shown.replace(/`(?=`)/g, '`\u200b'));
  return { marked, plain: marked };
}

const CODED: ReadonlySet<string> = new Set(['id', 'command']);

/** A sentence as one line; `dress` puts markup around the whole where there can be any. */
export function toLine(sentence: Sentence, wording: Wording, before = '', dress = (marked: string) => marked): Line {
  let marked = '';
  // Looked at in one piece, so that two values cannot make markup together.
  let bare = '';
  let plain = '';
  for (const value of valuesOf(sentence)) {
    const text = formatValue(value, wording);
    plain += text;
    if (typeof value !== 'string' && CODED.has(value.is) && text !== '' && !text.includes('`')) {
      marked += `\`${escapeSlack(text)}\``;
    } else {
      bare += text;
      marked += escapeSlack(text);
    }
  }
  const shown = escapeSlack(plain);
  return {
    marked: looksMarked(bare) || shown.trim() === '' ? undefined : before + dress(marked),
    plain: before + shown,
  };
}

/** Bold where that is possible. A blank at either end would show the asterisks. */
export const bold = (marked: string): string => (/^\s|\s$/.test(marked) ? marked : `*${marked}*`);

export function valuesOf(sentence: Sentence): readonly Value[] {
  return Array.isArray(sentence) ? (sentence as readonly Value[]) : [sentence as Value];
}

/** The longest beginning of `text` that takes at most `room` characters in its final `shape`, with `…` at its end where something is missing. */
export function clip(text: string, room: number, shape: (text: string) => string = printableText): string {
  const whole = shape(text);
  if (whole.length <= room) return whole;
  const characters = [...text];
  let low = 0;
  let high = Math.min(characters.length, room);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (shape(characters.slice(0, middle).join('')).length < room) low = middle;
    else high = middle - 1;
  }
  return `${shape(characters.slice(0, low).join(''))}…`;
}
