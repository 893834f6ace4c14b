import type { AnyCommand, HelpSection } from '../command.ts';
import type { Field } from '../field.ts';
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

export function describeCommand(command: AnyCommand): HelpPage {
  const fields = Object.entries(command.input);
  const positional = fields.filter(([, field]) => field.position !== undefined);
  const options = fields.filter(([, field]) => field.position === undefined);
  const needed = options
    .filter(([, field]) => field.required)
    .map(([key, field]) => optionUsage(key, field).replace(/^-., /, ''));
  const optional = options.length > needed.length ? ['[options]'] : [];
  return {
    command: command.name,
    summary: command.summary,
    usage: [command.name, ...positional.map(([, field]) => argumentUsage(field)), ...needed, ...optional].join(' '),
    details: [...(command.details ?? [])],
    arguments: positional.map(([, field]) => ({ name: argumentUsage(field), summary: field.summary })),
    options: options.map(([key, field]) => ({ name: optionUsage(key, field), summary: field.summary })),
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
