import { printableText } from '../../shared/printable.ts';
import { formatTime, formatValue, type Wording } from '../../view/units.ts';
import type { Value } from '../../view/value.ts';
import type { Sentence } from '../../view/view.ts';

/** Characters with which markup, mentions, timestamps and links in brackets begin, wherever they stand. */
const MARKUP = /[\\*_~|`[<]/g;
/** A colon that would make a link (`https://`) or an emoji (`:name:`). */
const COLON = /:(?=\/\/|[\w+-]+:)/g;
const EVERYONE = /@(?=everyone|here)/g;
/** Invitations are shown as cards without any markup. */
const INVITATION = /(discord(?:app)?)\.(?=[a-z])/gi;
/** What makes a heading, a quote or a list at the beginning of a line. */
const LINE_START = /^(\s*(?:\d+(?=[.)]\s))?)([#>+.)-])/;

/** Text that Discord shows as it is: nothing in it is markup, a mention or a link. One line: line feeds are shown as `\n`. */
export function escapeMarkdown(text: string): string {
  return printableText(text)
    .replace(MARKUP, '\\$&')
    .replace(COLON, '\\:')
    .replace(EVERYONE, '\\@')
    .replace(INVITATION, '$1\\.')
    .replace(LINE_START, '$1\\$2');
}

/** Text in the look of code; where it holds backticks, as escaped text. */
export function inlineCode(text: string): string {
  const shown = printableText(text);
  return shown === '' || shown.includes('`') ? escapeMarkdown(text) : `\`${shown}\``;
}

/** Text within a fence of three backticks: no run of backticks in it can close the fence. */
export function codeText(text: string): string {
  return printableText(text).replace(/`(?=`)/g, '`\u200b');
}

/** A moment that Discord shows relative to now and keeps current; seconds since 1970. */
function relativeTime(iso: string): string | undefined {
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? undefined : `<t:${Math.floor(ms / 1000)}:R>`;
}

/** Markup for values that Discord can show better than plain words; undefined for all others. */
function markup(value: Value, wording: Wording): string | undefined {
  if (typeof value === 'string') return undefined;
  switch (value.is) {
    case 'time': {
      const relative = relativeTime(value.time);
      return relative && `${formatTime(value.time)} (${relative})`;
    }
    case 'age':
      return relativeTime(value.time);
    case 'id':
    case 'command':
      return inlineCode(formatValue(value, wording));
    default:
      return undefined;
  }
}

/** A sentence as one line of Discord's markdown. */
export function markdownSentence(sentence: Sentence, wording: Wording): string {
  let result = '';
  // Plain text is escaped in one piece, so that two values cannot make a link or a mention together.
  let plain = '';
  for (const value of valuesOf(sentence)) {
    const marked = markup(value, wording);
    if (marked === undefined) {
      plain += formatValue(value, wording);
      continue;
    }
    const before = result + escapeMarkdown(plain);
    // Two pieces of code side by side would be read as one.
    result = before.endsWith('`') && marked.startsWith('`') ? `${before}\u200b${marked}` : before + marked;
    plain = '';
  }
  return result + escapeMarkdown(plain);
}

export function valuesOf(sentence: Sentence): readonly Value[] {
  return Array.isArray(sentence) ? (sentence as readonly Value[]) : [sentence as Value];
}
