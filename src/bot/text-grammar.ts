import { Command, CommanderError, Option } from 'commander';
import type { Fields } from '../commands/command.ts';
import type { Field, RawValue } from '../commands/field.ts';
import { optionName, type RawInput } from '../commands/parse-input.ts';
import { HoldfastError } from '../shared/errors.ts';

/**
 * Words as typed after a command's name (`latest --to /tmp --path a --path b`) as raw input, the same wherever text is typed.
 *
 * @throws HoldfastError `usage`, with a suggestion where an option's name is nearly right
 */
export function parseWords(name: string, fields: Fields, words: readonly string[]): RawInput {
  const parser = buildParser(name, fields);
  try {
    parser.parse([...words], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) throw usageError(name, error);
    throw error;
  }
  const options = parser.opts<Record<string, RawValue | undefined>>();
  const operands = parser.processedArgs as (RawValue | undefined)[];
  const raw: Record<string, RawValue | undefined> = {};
  let position = 0;
  for (const [key, field] of Object.entries(fields)) {
    const value = field.position === undefined ? optionValue(key, options) : operands[position++];
    if (value !== undefined) raw[key] = value;
  }
  return raw;
}

function buildParser(name: string, fields: Fields): Command {
  const parser = new Command(name).exitOverride().helpOption(false).allowExcessArguments(false);
  parser.configureOutput({ writeOut: () => {}, writeErr: () => {} });
  for (const [key, field] of Object.entries(fields)) {
    if (field.position !== undefined) parser.argument(field.kind === 'list' ? `[${key}...]` : `[${key}]`);
    else for (const option of buildOptions(key, field)) parser.addOption(option);
  }
  return parser;
}

function buildOptions(key: string, field: Field<unknown>): Option[] {
  const name = optionName(key);
  const long = `${field.short === undefined ? '' : `-${field.short}, `}--${name}`;
  if (field.kind === 'flag') return [new Option(long), ...(field.deniable ? [new Option(`--no-${name}`)] : [])];
  const option = new Option(`${long} <value>`);
  if (field.kind !== 'list') return [option];
  return [option.argParser<string[]>((value, previous = []) => [...previous, value])];
}

/** The parser takes `--no-owner` for a denied `--owner`, which is then the flag `noOwner`. */
function optionValue(key: string, options: Readonly<Record<string, RawValue | undefined>>): RawValue | undefined {
  const denied = /^no([A-Z])(.*)$/.exec(key);
  if (denied === null) return options[key];
  return options[`${denied[1]?.toLowerCase()}${denied[2]}`] === false ? true : undefined;
}

function usageError(name: string, { message }: CommanderError): HoldfastError {
  const [what = '', hint] = message.replace(/^error: /, '').split('\n');
  const meant = hint?.replace(/^\(|\)$/g, '');
  return new HoldfastError('usage', `${name}: ${what.replace(/\.$/, '')}`, {
    advice: meant ?? `See the help of ${name} for what it takes.`,
  });
}
