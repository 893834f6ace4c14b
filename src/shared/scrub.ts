import { isSecretName, SECRET_SHAPES } from './secret-shapes.ts';

/** Takes secrets out of text. */
export interface Scrubber {
  (text: string): string;
  /** From now on this is a secret too; of an address also its password, its path and its parameters. */
  add(secret: string): void;
}

const MARK = '[secret]';
/** Whoever takes shorter text out leaves nothing that can be read. */
const LEAST_LENGTH = 4;
/** In base64 a few characters are like many words. */
const LEAST_BASE64 = 8;
const LEAST_PATH = 8;

/** A scrubber for the secrets given, as they are and as they look in addresses, in JSON, in base64 and in hexadecimal, and for what looks like a secret. */
export function createScrubber(secrets: Iterable<string> = []): Scrubber {
  const forms = new Set<string>();
  let known: RegExp | undefined;
  const scrub = (text: string): string => {
    known ??= anyOf(forms);
    const without = known === undefined ? text : text.replace(known, MARK);
    return SECRET_SHAPES.reduce((rest, { pattern }) => rest.replace(pattern, replaceShape), without);
  };
  const add = (secret: string): void => {
    for (const part of partsOf(secret)) for (const form of formsOf(part)) forms.add(form);
    known = undefined;
  };
  for (const secret of secrets) add(secret);
  return Object.assign(scrub, { add });
}

function replaceShape(...match: unknown[]): string {
  const groups = match.at(-1);
  const { before = '', after = '' } = typeof groups === 'object' ? (groups as Record<string, string>) : {};
  return `${before}${MARK}${after}`;
}

/** Longer ones first: one secret may begin with another. */
function anyOf(forms: ReadonlySet<string>): RegExp | undefined {
  if (forms.size === 0) return undefined;
  return new RegExp([...forms].toSorted((a, b) => b.length - a.length).join('|'), 'g');
}

/** What of a secret is one by itself. */
function partsOf(secret: string): string[] {
  const parts = [secret];
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(secret) && URL.canParse(secret)) {
    const { password, pathname, search, searchParams } = new URL(secret);
    parts.push(decoded(password), ...searchParams.values());
    if (pathname.length > LEAST_PATH) parts.push(pathname + search, pathname.slice(pathname.lastIndexOf('/') + 1));
  }
  return parts.filter(({ length }) => length >= LEAST_LENGTH);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Patterns of how a secret may be written. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((offset) => base64Core(bytes, offset)).filter(({ length }) => length >= LEAST_BASE64);
  return [
    [...secret].map(characterPattern).join(''),
    ...base64.map((core) =>
      escapePattern(core).replaceAll('\\+', '[+-]').replaceAll('\\/', '[/_]').replaceAll('/', '[/_]'),
    ),
    bytes.toString('hex').replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`),
  ];
}

/** What is always there of `bytes` in base64, `offset` bytes into a group of three, whatever stands before and after. */
function base64Core(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}

/** A character as it is, in an address, and in JSON. */
function characterPattern(character: string): string {
  const percent = [...Buffer.from(character)].map((byte) => `%(?:25)?${hexPattern(byte)}`).join('');
  const inJson = JSON.stringify(character).slice(1, -1);
  const forms = [escapePattern(character), percent];
  if (inJson !== character) forms.unshift(escapePattern(inJson));
  if (character === ' ') forms.push('\\+');
  return `(?:${forms.join('|')})`;
}

const hexPattern = (byte: number): string =>
  [...byte.toString(16).padStart(2, '0')]
    .map((digit) => (/\d/.test(digit) ? digit : `[${digit}${digit.toUpperCase()}]`))
    .join('');

const escapePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

export interface ScrubOptions {
  /** What can only be read by reading it stays as it is, for whoever has asked for it; else only its kind is told: a library's streams hold requests with their tokens. */
  keepStreams?: boolean;
}

/**
 * A copy of a value of plain data and errors in which no text, at any depth, holds a secret; neither do names of properties. What is called a password, a token and the
 * like is taken out whatever it is, and so is what a function would tell.
 */
export function scrubValue(
  value: unknown,
  scrub: (text: string) => string,
  { keepStreams = false }: ScrubOptions = {},
): unknown {
  return copy(value, { scrub, keepStreams }, new WeakMap());
}

interface Copying extends Required<ScrubOptions> {
  scrub: (text: string) => string;
}

function copy(value: unknown, how: Copying, made: WeakMap<object, unknown>): unknown {
  const { scrub } = how;
  if (typeof value === 'string') return scrub(value);
  if (typeof value === 'function') return '[function]';
  if (typeof value === 'symbol') return '[symbol]';
  if (typeof value !== 'object' || value === null) return value;
  if (Symbol.asyncIterator in value) return how.keepStreams ? value : '[stream]';
  const known = made.get(value);
  if (known !== undefined) return known;
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value) || value instanceof Set) {
    const items: unknown[] = [];
    made.set(value, items);
    for (const item of value) items.push(copy(item, how, made));
    return items;
  }
  const members: Record<string, unknown> = {};
  made.set(value, members);
  for (const [name, member] of membersOf(value)) {
    const hidden = isSecretName(name) && (typeof member === 'string' || ArrayBuffer.isView(member));
    members[scrub(name)] = hidden ? MARK : copy(member, how, made);
  }
  return members;
}

/** An error's own words are not among its enumerable properties. */
function membersOf(value: object): (readonly [string, unknown])[] {
  if (value instanceof Map) return [...value].map(([name, member]) => [String(name), member] as const);
  const own = Object.keys(value);
  const names = value instanceof Error ? [...WORDS_OF_ERRORS.filter((name) => !own.includes(name)), ...own] : own;
  return names
    .map((name) => [name, memberOf(value, name)] as const)
    .filter(([name, member]) => name !== 'cause' || member !== undefined);
}

const WORDS_OF_ERRORS = ['name', 'message', 'stack', 'cause'];

/** A getter may fail, and nobody wants to hear of that one. */
function memberOf(value: object, name: string): unknown {
  try {
    return (value as Record<string, unknown>)[name];
  } catch {
    return '[unreadable]';
  }
}
