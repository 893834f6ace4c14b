import { HoldfastError } from '../shared/errors.ts';
import type { Fields } from './command.ts';
import type { Field, Form, ParseEnvironment, RawValue } from './field.ts';
import { closest } from './suggest.ts';

export type RawInput = Readonly<Record<string, RawValue | undefined>>;

/** `keepLast` as people type it: `keep-last`. */
export function optionName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** What a person calls a field: `ID` for an argument, `--keep-last` for an option; in a chat `backup` and `keep-last`. */
export function fieldLabel(key: string, field: Field<unknown>, form: Form = 'shell'): string {
  return form === 'chat' ? optionName(key) : (field.position ?? `--${optionName(key)}`);
}

/**
 * The checked input of a command.
 *
 * @throws HoldfastError `usage` that names the first field that is wrong
 */
export function parseInput(fields: Fields, raw: RawInput, environment: ParseEnvironment): Record<string, unknown> {
  const unknown = Object.keys(raw).find((key) => !(key in fields));
  if (unknown !== undefined) {
    const meant = closest(unknown, Object.keys(fields));
    throw new HoldfastError('usage', `There is no input ${JSON.stringify(unknown)}`, {
      ...(meant !== undefined && { advice: `Did you mean ${meant}?` }),
    });
  }
  return Object.fromEntries(
    Object.entries(fields).map(([key, field]) => [key, parseField(key, field, raw[key], environment)]),
  );
}

function parseField(
  key: string,
  field: Field<unknown>,
  raw: RawValue | undefined,
  environment: ParseEnvironment,
): unknown {
  try {
    return field.parse(raw, environment);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    const { code, advice } = error;
    const what = error.message.startsWith('"') ? `: ${error.message}` : ` ${error.message}`;
    throw new HoldfastError(code, `${fieldLabel(key, field, environment.form)}${what}`, {
      cause: error,
      ...(advice !== undefined && { advice }),
    });
  }
}
