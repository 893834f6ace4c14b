import { parseDuration, parsePercentage } from '../shared/durations.ts';
import { HoldfastError } from '../shared/errors.ts';
import { parseSize } from '../shared/sizes.ts';
import { parseTime } from '../shared/times.ts';

/** What a surface hands in for one field: words of a command line, typed options of a chat, or JSON. */
export type RawValue = string | number | boolean | readonly string[];

export type FieldKind = 'text' | 'integer' | 'flag' | 'choice' | 'list' | 'duration' | 'share' | 'size' | 'time';

/** Where completion takes its candidates from. */
export type CompletionSource =
  | 'snapshot'
  | 'source'
  | 'tag'
  | 'snapshot-path'
  | 'local-path'
  | 'command'
  | 'key'
  | 'job'
  | 'incident';

/** Where people type: at a shell (the command line and its prompt on a repository), or in a chat with a configured bot. */
export type Form = 'shell' | 'chat';

export interface FieldOptions {
  /** Name of a positional argument, such as `ID`; the field is an option otherwise. */
  position?: string;
  /** One letter. */
  short?: string;
  /** What stands for the value in help, such as `DIR`. */
  placeholder?: string;
  completes?: CompletionSource;
  /** The only kind of surface that has the field. */
  on?: Form;
  /** Only the process at whose shell it is typed can do it: it reads its standard input, its folder, or as its user. */
  here?: boolean;
  /** What is typed is secret: it is not remembered. */
  secret?: boolean;
}

/** One input of a command: what every surface needs to offer it, and how its value is checked. */
export interface Field<T> extends FieldOptions {
  kind: FieldKind;
  summary: string;
  required: boolean;
  choices?: readonly string[];
  /** A flag that may also be denied (`--no-verified`), so that it has three states. */
  deniable?: boolean;
  /** @throws HoldfastError `usage` without the field's name: the caller puts it in front. */
  parse(raw: RawValue | undefined, environment: ParseEnvironment): T;
}

export interface ParseEnvironment {
  /** What relative times are counted from, in milliseconds since 1970. */
  nowMs: number;
  /** Where it was typed, for messages; a shell unless given. */
  form?: Form;
}

type Scalar<T> = (text: string, environment: ParseEnvironment) => T;

function scalar<T>(
  kind: FieldKind,
  summary: string,
  options: FieldOptions,
  read: Scalar<T>,
  fallback?: T,
): Field<T | undefined> {
  const parse = (raw: RawValue | undefined, environment: ParseEnvironment): T | undefined =>
    raw === undefined ? fallback : read(oneText(raw), environment);
  return { ...options, kind, summary, required: false, parse };
}

function oneText(raw: RawValue): string {
  if (typeof raw === 'string' || typeof raw === 'number') return String(raw);
  throw new HoldfastError('usage', `takes one value, not ${JSON.stringify(raw)}`);
}

/** A non-empty string. */
export function text(summary: string, options: FieldOptions = {}): Field<string | undefined> {
  return scalar('text', summary, options, (given) => {
    if (given !== '') return given;
    throw new HoldfastError('usage', 'is empty', { advice: 'Give a value or leave it out.' });
  });
}

/** A whole number of at least `least`. */
export function integer(summary: string, least: number, options: FieldOptions = {}): Field<number | undefined> {
  return scalar('integer', summary, { placeholder: 'N', ...options }, (given) => {
    const n = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    if (Number.isSafeInteger(n) && n >= least) return n;
    throw new HoldfastError('usage', `must be a whole number of at least ${least}, not ${JSON.stringify(given)}`);
  });
}

/** One of a few words. */
export function choice<const C extends string>(
  summary: string,
  choices: readonly C[],
  options: FieldOptions = {},
): Field<C | undefined> {
  const placeholder = choices.join('|');
  const field = scalar('choice', summary, { placeholder, ...options }, (given) => {
    const found = choices.find((word) => word === given);
    if (found !== undefined) return found;
    throw new HoldfastError('usage', `must be one of ${choices.join(', ')}, not ${JSON.stringify(given)}`);
  });
  return { ...field, choices };
}

/** Milliseconds, given as `72h` or `30 days`. */
export function duration(summary: string, options: FieldOptions = {}): Field<number | undefined> {
  return scalar('duration', summary, { placeholder: 'DURATION', ...options }, (given) => parseDuration(given));
}

/** A share of 1, given as `10%`; zero is refused. */
export function share(summary: string, options: FieldOptions = {}): Field<number | undefined> {
  return scalar('share', summary, { placeholder: 'PERCENT', ...options }, (given) => {
    const part = parsePercentage(given);
    if (part > 0) return part;
    throw new HoldfastError('usage', 'must be more than 0%');
  });
}

/** Bytes, given as `10M` or `1.5 GiB`. */
export function size(summary: string, options: FieldOptions = {}): Field<number | undefined> {
  return scalar('size', summary, { placeholder: 'SIZE', ...options }, (given) => parseSize(given));
}

/** ISO 8601 in UTC, given as a date, a date and time, or `2h ago`. `day` says which end of a bare date is meant. */
export function time(summary: string, day: 'start' | 'end', options: FieldOptions = {}): Field<string | undefined> {
  return scalar('time', summary, { placeholder: 'TIME', ...options }, (given, { nowMs }) =>
    parseTime(given, nowMs, day),
  );
}

/** Any number of strings. */
export function list(summary: string, options: FieldOptions = {}): Field<string[]> {
  const parse = (raw: RawValue | undefined): string[] => {
    if (raw === undefined) return [];
    if (typeof raw === 'boolean') throw new HoldfastError('usage', 'takes values');
    const values = typeof raw === 'object' ? [...raw] : [String(raw)];
    if (values.includes('')) throw new HoldfastError('usage', 'holds an empty value');
    return values;
  };
  return { ...options, kind: 'list', summary, required: false, parse };
}

function readFlag(raw: RawValue): boolean {
  if (typeof raw === 'boolean') return raw;
  throw new HoldfastError('usage', `is true or false, not ${JSON.stringify(raw)}`);
}

/** On or off. */
export function flag(summary: string, options: FieldOptions = {}): Field<boolean> {
  return { ...options, kind: 'flag', summary, required: false, parse: (raw) => raw !== undefined && readFlag(raw) };
}

/** On, off, or not said. */
export function deniableFlag(summary: string, options: FieldOptions = {}): Field<boolean | undefined> {
  const parse = (raw: RawValue | undefined): boolean | undefined => (raw === undefined ? undefined : readFlag(raw));
  return { ...options, kind: 'flag', summary, required: false, deniable: true, parse };
}

/** The same field, refused when it is missing. */
export function required<T>(field: Field<T>): Field<NonNullable<T>> {
  const parse = (raw: RawValue | undefined, environment: ParseEnvironment): NonNullable<T> => {
    const value = field.parse(raw, environment);
    if (value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)) return value;
    throw new HoldfastError('usage', 'is missing', { advice: `It is: ${field.summary}.` });
  };
  return { ...field, required: true, parse };
}
