import type { AnyCommand } from '../../commands/command.ts';
import { optionName, type RawInput } from '../../commands/parse-input.ts';

/** What was typed, without what is secret. */
export function inputWords(command: Pick<AnyCommand, 'input'> | undefined, raw: RawInput): string {
  const fields = command?.input ?? {};
  return Object.entries(raw)
    .filter(([key, value]) => value !== undefined && `${value}` !== '' && fields[key]?.secret === undefined)
    .map(([key, value]) => `${optionName(key)}: ${value}`)
    .join(', ');
}
