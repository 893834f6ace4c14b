import type { ByteString } from './bytes.ts';
import { encodeText, fromByteString } from './bytes.ts';

/**
 * Characters that a terminal obeys or that hide or reorder others: controls (Cc), format characters such as bidi
 * marks (Cf), line separators, and lone surrogates. The two joiners stay: Persian, Indic scripts and emoji need them.
 */
const UNSAFE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const UNSAFE_OR_BACKSLASH = new RegExp(`\\\\|${UNSAFE.source}`, 'gu');

const SHORT: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeCharacter(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return escapeByte(code);
  const hex = code.toString(16);
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
}

function escapeByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** Text that is safe on a terminal: what it would obey or hide is shown as an escape (`\x1b`, `\u202e`). */
export function printableText(text: string): string {
  return text.replace(UNSAFE, escapeCharacter);
}

/** What was said in several lines, for where there is one: a line break would be shown as an escape there. */
export function onOneLine(text: string): string {
  return text.replace(/:\s*\n\s*/g, ': ').replace(/\s*\n\s*/g, ' / ');
}

/**
 * A file name for people: valid UTF-8 as it is, everything unsafe as an escape, bytes that are not UTF-8 as `\xff`.
 * A backslash is doubled, so that different names never look the same.
 */
export function printableName(name: ByteString): string {
  const bytes = fromByteString(name);
  let shown = '';
  let position = 0;
  while (position < bytes.length) {
    const length = characterLength(bytes, position);
    shown +=
      length === 0
        ? escapeByte(bytes[position] as number)
        : bytes.toString('utf8', position, position + length).replace(UNSAFE_OR_BACKSLASH, escapeCharacter);
    position += Math.max(length, 1);
  }
  return shown;
}

/** Well-formed UTF-8 by first byte: the least and greatest second byte, and the length (Unicode 16, table 3-7). */
const LEADS = [
  { first: 0xc2, last: 0xdf, low: 0x80, high: 0xbf, length: 2 },
  { first: 0xe0, last: 0xe0, low: 0xa0, high: 0xbf, length: 3 },
  { first: 0xe1, last: 0xec, low: 0x80, high: 0xbf, length: 3 },
  { first: 0xed, last: 0xed, low: 0x80, high: 0x9f, length: 3 },
  { first: 0xee, last: 0xef, low: 0x80, high: 0xbf, length: 3 },
  { first: 0xf0, last: 0xf0, low: 0x90, high: 0xbf, length: 4 },
  { first: 0xf1, last: 0xf3, low: 0x80, high: 0xbf, length: 4 },
  { first: 0xf4, last: 0xf4, low: 0x80, high: 0x8f, length: 4 },
] as const;

/** Bytes of the well-formed UTF-8 character at `position`, or 0 where there is none. */
function characterLength(bytes: Buffer, position: number): number {
  const first = bytes[position] as number;
  if (first < 0x80) return 1;
  const lead = LEADS.find((row) => first >= row.first && first <= row.last);
  const second = bytes[position + 1] ?? 0;
  if (lead === undefined || second < lead.low || second > lead.high) return 0;
  for (let i = 2; i < lead.length; i++) {
    if (((bytes[position + i] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return lead.length;
}

const ESCAPE = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\}|([\\nrt]))/g;
const LONG: Readonly<Record<string, string>> = { '\\': '\\', n: '\n', r: '\r', t: '\t' };

/** The name that `printableName` shows as `shown`; undefined where that is no such text. */
export function parsePrintableName(shown: string): ByteString | undefined {
  let name = '';
  let position = 0;
  for (const found of shown.matchAll(ESCAPE)) {
    const between = shown.slice(position, found.index);
    if (between.includes('\\')) return undefined;
    name += encodeText(between) + escapedBytes(found);
    position = found.index + found[0].length;
  }
  const rest = shown.slice(position);
  return rest.includes('\\') ? undefined : ((name + encodeText(rest)) as ByteString);
}

function escapedBytes([, byte, unit, point, short]: RegExpExecArray): string {
  if (byte !== undefined) return String.fromCharCode(Number.parseInt(byte, 16));
  if (short !== undefined) return LONG[short] as string;
  const code = Number.parseInt(unit ?? point ?? '', 16);
  return code > 0x10ffff ? '' : encodeText(String.fromCodePoint(code));
}
