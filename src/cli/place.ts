import { resolve } from 'node:path';
import type { AnyCommand } from '../commands/command.ts';
import type { RawInput } from '../commands/parse-input.ts';
import { isShellOnly, needsBot } from '../commands/registry.ts';
import { HoldfastError } from '../shared/errors.ts';
import type { Globals } from './globals.ts';
import type { ConfiguredPlace, Host } from './host.ts';

/**
 * The configuration that is named, if any. A repository that is named on the command line goes before a configuration that the environment names.
 *
 * @throws HoldfastError `usage` where both are named on the command line; `config`
 */
export async function placeOf(
  { config, repo }: Globals,
  { environment, configuration }: Host,
): Promise<ConfiguredPlace | undefined> {
  if (config !== undefined && repo !== undefined) {
    throw new HoldfastError('usage', '--config and --repo exclude each other', {
      advice: 'A configuration names its repository.',
    });
  }
  const file = config ?? (repo === undefined ? environment.HOLDFAST_CONFIG : undefined);
  return file ? configuration(file) : undefined;
}

/** Whether the running bot does it. What reads the standard input, or is done as this user, is done here; so is what no bot ever does. */
export function isDoneByBot(command: Pick<AnyCommand, 'name' | 'input'>, raw: RawInput): boolean {
  if (command.name === 'help' || isShellOnly(command.name)) return false;
  return !Object.entries(raw).some(([key, value]) => isGiven(value) && command.input[key]?.here === true);
}

/** A list of arguments may be empty. */
const isGiven = (value: RawInput[string]): boolean =>
  value !== undefined && !(Array.isArray(value) && value.length === 0);

/** Whether this process has to be a bot to do it, where none runs: hooks, history and whatever else a bot remembers belong to it. */
export function takesBot(command: Pick<AnyCommand, 'name' | 'input' | 'remembers'>, raw: RawInput): boolean {
  return needsBot(command.name) || (command.remembers === true && isDoneByBot(command, raw));
}

/** @throws HoldfastError `usage` where only a bot does it, and it is not said which */
export function requirePlace({ name }: Pick<AnyCommand, 'name'>, place: ConfiguredPlace | undefined): void {
  if (!needsBot(name) || place !== undefined) return;
  throw new HoldfastError('usage', `${name} is done by a bot, and it is not said which`, {
    advice: 'Name its configuration with --config FILE.',
  });
}

/** The same where it is read in another folder. */
export function absolutePaths({ input }: Pick<AnyCommand, 'input'>, raw: RawInput): RawInput {
  return Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [
      key,
      input[key]?.completes === 'local-path' && typeof value === 'string' ? resolve(value) : value,
    ]),
  );
}
