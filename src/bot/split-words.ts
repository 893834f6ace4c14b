import { HoldfastError } from '../shared/errors.ts';

const WORD = /\s*((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+)/y;
const PIECE = /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)|([^"'\\]+)/g;

/**
 * A typed line as words: parted by blanks, except within quotes and after a backslash, as in a shell.
 *
 * @throws HoldfastError `usage` for a quote that is not closed
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let position = 0;
  while (line.slice(position).trim() !== '') {
    WORD.lastIndex = position;
    const match = WORD.exec(line);
    if (match === null) {
      throw new HoldfastError('usage', 'A quote is opened and not closed', {
        advice: 'Close it, or put \\ before it.',
      });
    }
    words.push(unquote(match[1] ?? ''));
    position = WORD.lastIndex;
  }
  return words;
}

function unquote(word: string): string {
  return word.replace(PIECE, (_all, double?: string, single?: string, escaped?: string, bare?: string) =>
    double === undefined ? (single ?? escaped ?? bare ?? '') : double.replace(/\\(["\\])/g, '$1'),
  );
}
