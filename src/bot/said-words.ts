import type { Fields, HelpSection } from '../commands/command.ts';
import type { Field, RawValue } from '../commands/field.ts';
import { optionName, type RawInput } from '../commands/parse-input.ts';
import { closest } from '../commands/suggest.ts';
import { HoldfastError } from '../shared/errors.ts';
import { parseWords } from './text-grammar.ts';

/** The grammar in a few lines, for the help of chats in which commands are typed. */
export const SAID_GRAMMAR: HelpSection = {
  title: 'How to say it',
  rows: [
    { name: '[...]', summary: 'May be left out' },
    { name: 'name:VALUE', summary: 'An option, such as tag:nightly; with blanks reason:"before the move"' },
    { name: 'a|b', summary: 'One of these words' },
    { name: 'TIME', summary: 'now, "2h ago", 2026-11-20 or "2026-11-20 14:05"' },
  ],
};

const NAMED = /^([a-z][a-z0-9-]*):(.*)$/s;
const ANSWERS: ReadonlyMap<string, boolean> = new Map([
  ...['yes', 'true', 'on'].map((word) => [word, true] as const),
  ...['no', 'false', 'off'].map((word) => [word, false] as const),
]);

/** The fields as they may be said: where nothing goes without its name, the source does, as in `backup app`. */
export function saidFields(fields: Fields): Fields {
  const { source } = fields;
  const isFree = Object.values(fields).every(({ position }) => position === undefined);
  return source?.kind === 'text' && isFree ? { ...fields, source: { ...source, position: 'SOURCE' } } : fields;
}

/**
 * Words as typed after a command's name in a chat (`latest path:a path:b`) as raw input. What a shell takes (`--path a`) is taken too, and after `--` a word
 * is never an option.
 *
 * @throws HoldfastError `usage`, with a suggestion where an option's name is nearly right
 */
export function parseSaid(name: string, fields: Fields, words: readonly string[]): RawInput {
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  const { named, others } = takeNamed(fields, words.slice(0, end));
  // What was named is no longer waited for among those without a name.
  const open = Object.entries(fields).filter(([key, { kind }]) => kind === 'list' || !(key in named));
  const rest = Object.fromEntries(open);
  const parse = (said: Fields): RawInput => merge(parseWords(name, said, [...others, ...words.slice(end)]), named);
  try {
    return parse(rest);
  } catch (error) {
    const mistake = nearlyNamed(name, fields, others);
    if (mistake !== undefined) throw mistake;
    const withSource = saidFields(rest);
    if (withSource === rest) throw error;
    try {
      return parse(withSource);
    } catch {
      throw error;
    }
  }
}

function takeNamed(
  fields: Fields,
  words: readonly string[],
): { named: Record<string, RawValue>; others: readonly string[] } {
  const byName = new Map(Object.entries(fields).map(([key, field]) => [optionName(key), { key, field }]));
  const named: Record<string, RawValue> = {};
  const others: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const [, option = '', given = ''] = NAMED.exec(word) ?? [];
    const found = byName.get(option);
    if (found === undefined) {
      others.push(word);
      continue;
    }
    // `tag: nightly`, as menus show it.
    const value = given === '' ? words[++i] : given;
    if (value === undefined) throw new HoldfastError('usage', `${option}: its value is missing`);
    named[found.key] = readValue(option, found.field, value, named[found.key]);
  }
  return { named, others };
}

function readValue(option: string, { kind }: Field<unknown>, value: string, before: RawValue | undefined): RawValue {
  if (kind === 'list') return [...(Array.isArray(before) ? before : []), value];
  if (kind !== 'flag') return value;
  const answer = ANSWERS.get(value.toLowerCase());
  if (answer !== undefined) return answer;
  throw new HoldfastError('usage', `${option}: must be yes or no, not ${JSON.stringify(value)}`);
}

function merge(raw: RawInput, named: Readonly<Record<string, RawValue>>): RawInput {
  const merged: Record<string, RawValue | undefined> = { ...raw };
  for (const [key, value] of Object.entries(named)) {
    const other = raw[key];
    merged[key] = Array.isArray(other) && Array.isArray(value) ? [...other, ...value] : value;
  }
  return merged;
}

/** `sorce:app` is taken for a value, of which there are then too many. */
function nearlyNamed(name: string, fields: Fields, words: readonly string[]): HoldfastError | undefined {
  for (const word of words) {
    const option = NAMED.exec(word)?.[1];
    const meant = option === undefined ? undefined : closest(option, Object.keys(fields).map(optionName));
    if (meant === undefined) continue;
    return new HoldfastError('usage', `${name}: there is no option ${option}`, { advice: `Did you mean ${meant}:?` });
  }
  return undefined;
}
