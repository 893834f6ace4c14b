import { type ByteString, decodeText, isAscii } from '../../../shared/bytes.ts';
import { HoldfastError } from '../../../shared/errors.ts';

/** Tells whether a path (raw bytes, relative) is meant. */
export type PathMatcher = (path: ByteString) => boolean;

type Token =
  | { kind: 'character'; character: string }
  | { kind: 'any' }
  | { kind: 'star' }
  | { kind: 'class'; negated: boolean; ranges: readonly (readonly [from: string, to: string])[] };

/** A part of a pattern between slashes; `**` stands for any number of folders, none included. */
type Segment = readonly Token[] | '**';

/**
 * A matcher for a glob pattern: `*` any characters but a slash, `?` one character, `[a-z]` and `[!a-z]` one of (not of) a set, `**` between slashes any
 * number of folders, backslash takes what follows literally. A pattern without a slash is compared with the last component of a path, any other with the
 * whole path from the snapshot's root. Matching takes time proportional to pattern times path, whatever the pattern.
 *
 * @throws HoldfastError `usage` for an empty pattern
 */
export function compileGlob(pattern: string, options: { ignoreCase?: boolean | undefined } = {}): PathMatcher {
  const fold = options.ignoreCase === true ? (text: string) => text.toLowerCase() : (text: string) => text;
  const parts = fold(pattern)
    .split('/')
    .filter((part, i, all) => part !== '' && !(part === '.' && i === 0 && all.length > 1));
  if (parts.length === 0) {
    throw new HoldfastError('usage', `${JSON.stringify(pattern)} is no pattern for names.`, {
      advice: 'Write a name with the wildcards * ? and [...], such as "*.conf".',
    });
  }
  const segments = parts.map((part): Segment => (part === '**' ? part : tokens(part)));
  const [only] = segments;
  if (!pattern.includes('/') && only !== undefined && only !== '**') {
    return (path) => matchesName(only, characters(fold(textOf(path.slice(path.lastIndexOf('/') + 1)))));
  }
  return (path) => matchesPath(segments, fold(textOf(path)).split('/').map(characters));
}

/** Text of a name; bytes that are not UTF-8 become characters that no text has. */
function textOf(name: string): string {
  if (isAscii(name)) return name;
  return decodeText(name as ByteString) ?? name.replace(/[\x80-\xff]/g, (byte) => `\udc00${byte}`);
}

const characters = (text: string): readonly string[] => (isAscii(text) ? text.split('') : Array.from(text));

function tokens(part: string): Token[] {
  const all = Array.from(part);
  const found: Token[] = [];
  for (let at = 0; at < all.length; at++) {
    const character = all[at] as string;
    const end = character === '[' ? classEnd(all, at) : -1;
    if (character === '*') {
      if (found.at(-1)?.kind !== 'star') found.push({ kind: 'star' });
    } else if (character === '?') found.push({ kind: 'any' });
    else if (end > 0) {
      found.push(characterClass(all.slice(at + 1, end)));
      at = end;
    } else if (character === '\\' && at + 1 < all.length)
      found.push({ kind: 'character', character: all[++at] as string });
    else found.push({ kind: 'character', character });
  }
  return found;
}

/** Where the bracket that closes a set stands; -1 where none does, and the opening one is an ordinary character. */
function classEnd(all: readonly string[], start: number): number {
  const first = start + (all[start + 1] === '!' || all[start + 1] === '^' ? 2 : 1);
  return all.indexOf(']', first + 1);
}

function characterClass(inside: readonly string[]): Token {
  const negated = inside[0] === '!' || inside[0] === '^';
  const members = negated ? inside.slice(1) : inside;
  const ranges: [string, string][] = [];
  for (let at = 0; at < members.length; at++) {
    const from = members[at] as string;
    const to = members[at + 1] === '-' ? members[at + 2] : undefined;
    ranges.push([from, to ?? from]);
    if (to !== undefined) at += 2;
  }
  return { kind: 'class', negated, ranges };
}

function matchesOne(token: Token | undefined, character: string): boolean {
  if (token === undefined || token.kind === 'star') return false;
  if (token.kind === 'any') return true;
  if (token.kind === 'character') return token.character === character;
  return token.ranges.some(([from, to]) => from <= character && character <= to) !== token.negated;
}

/** Only the last star needs to be tried again: an earlier one could take no more than it makes up for. */
function matchesName(pattern: readonly Token[], name: readonly string[]): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < name.length; ) {
    if (pattern[at]?.kind === 'star') {
      star = at++;
      resume = i;
    } else if (matchesOne(pattern[at], name[i] as string)) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  return pattern.slice(at).every(({ kind }) => kind === 'star');
}

/** The same one level up: `**` is to components what `*` is to characters. */
function matchesPath(pattern: readonly Segment[], path: readonly (readonly string[])[]): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < path.length; ) {
    const segment = pattern[at];
    if (segment === '**') {
      star = at++;
      resume = i;
    } else if (segment !== undefined && matchesName(segment, path[i] as readonly string[])) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  return pattern.slice(at).every((segment) => segment === '**');
}
