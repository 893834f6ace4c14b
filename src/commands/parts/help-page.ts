import type { AnyCommand, HelpSection } from '../command.ts';
import type { Field, Form } from '../field.ts';
import { optionName } from '../parse-input.ts';

/** A command explained, as data: help on every surface and the reference page are made from it. */
export interface HelpPage {
  command: string;
  summary: string;
  usage: string;
  details: string[];
  arguments: { name: string; summary: string }[];
  options: { name: string; summary: string }[];
  examples: string[];
}

/** What of a command can be explained. */
export type Explained = Pick<AnyCommand, 'name' | 'summary' | 'details' | 'input' | 'examples'>;

/** How an option is written: `-e, --exclude PATTERN`. */
export function optionUsage(key: string, field: Field<unknown>): string {
  const name = optionName(key);
  const long = field.deniable ? `--${name}, --no-${name}` : `--${name}`;
  const value = field.kind === 'flag' ? '' : ` ${field.placeholder ?? 'TEXT'}`;
  return `${field.short === undefined ? '' : `-${field.short}, `}${long}${value}`;
}

function argumentUsage({ position, kind, required }: Field<unknown>): string {
  const name = kind === 'list' ? `${position}...` : `${position}`;
  return required ? name : `[${name}]`;
}

/** How a chat writes an option: `path:PATH`. */
function saidOption(key: string, field: Field<unknown>): string {
  if (field.kind === 'flag') return `${optionName(key)}:${field.deniable ? 'yes|no' : 'yes'}`;
  return `${optionName(key)}:${field.placeholder ?? 'TEXT'}`;
}

/** What comes first may be given without its name, which it has all the same: forms and menus show it. */
function saidArgument(key: string, { kind, required }: Field<unknown>): string {
  const name = kind === 'list' ? `${optionName(key)}...` : optionName(key);
  return required ? name : `[${name}]`;
}

interface Writing {
  argument(key: string, field: Field<unknown>): string;
  option(key: string, field: Field<unknown>): string;
  /** The usage after what is required. */
  rest(options: readonly string[]): string[];
}

const WRITINGS: Readonly<Record<Form, Writing>> = {
  shell: {
    argument: (_key, field) => argumentUsage(field),
    option: optionUsage,
    rest: (options) => (options.length > 0 ? ['[options]'] : []),
  },
  chat: {
    argument: saidArgument,
    option: saidOption,
    rest: (options) => options.map((option) => `[${option}]`),
  },
};

/** @param form where it is read: it decides how options are written */
export function describeCommand(command: Explained, form: Form): HelpPage {
  const { argument, option, rest } = WRITINGS[form];
  const fields = Object.entries(command.input);
  const positional = fields.filter(([, field]) => field.position !== undefined);
  const options = fields.filter(([, field]) => field.position === undefined);
  const [needed, optional] = [true, false].map((required) =>
    options
      .filter(([, field]) => field.required === required)
      .map(([key, field]) => option(key, field).replace(/^-., /, '')),
  );
  const first = positional.map(([key, field]) => argument(key, field));
  return {
    command: command.name,
    summary: command.summary,
    usage: [command.name, ...first, ...(needed ?? []), ...rest(optional ?? [])].join(' '),
    details: [...(command.details ?? [])],
    arguments: positional.map(([key, field]) => ({ name: argument(key, field), summary: field.summary })),
    options: options.map(([key, field]) => ({ name: option(key, field), summary: field.summary })),
    examples: [...(command.examples ?? [])],
  };
}

export function optionSection(title: string, fields: Readonly<Record<string, Field<unknown>>>): HelpSection {
  return {
    title,
    rows: Object.entries(fields).map(([key, field]) => ({ name: optionUsage(key, field), summary: field.summary })),
  };
}

/** An example is what follows the program's name, unless it is a whole shell line that names the program somewhere. */
export function isWholeLine(example: string): boolean {
  return example.includes('holdfast ');
}
