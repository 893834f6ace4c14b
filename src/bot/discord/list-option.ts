import { splitWords } from '../split-words.ts';

/**
 * The values of a list that were typed into one option, parted by blanks, as in `a.txt "my notes.txt"`. Text that cannot be read like that is one
 * value: a lone apostrophe belongs to a name.
 */
export function parseListOption(text: string): string[] {
  return tryWords(text) ?? [text];
}

function tryWords(text: string): string[] | undefined {
  try {
    return splitWords(text);
  } catch {
    return undefined;
  }
}

/** A half-typed list: what is complete already, as typed, and the value that is being typed. */
export function splitPartialList(text: string): { before: string; partial: string } {
  for (let end = text.length; end > 0; end--) {
    const isGap = /\s/.test(text[end - 1] ?? '');
    if (isGap && tryWords(text.slice(0, end)) !== undefined) {
      return { before: text.slice(0, end), partial: bare(text.slice(end)) };
    }
  }
  return { before: '', partial: bare(text) };
}

/** A half-typed value without the quote that it begins with. */
const bare = (word: string): string => tryWords(word)?.[0] ?? word.replace(/^["']/, '');

/** A value as it is typed into a list. */
export function quoteWord(word: string): string {
  return /[\s"'\\]/.test(word) ? `"${word.replace(/["\\]/g, '\\$&')}"` : word;
}
