import { parseWords } from '../bot/text-grammar.ts';
import type { AnyCommand, Fields } from '../commands/command.ts';
import { parseInput, type RawInput } from '../commands/parse-input.ts';
import { commandNames, configuredNames, loadCommand, loadForOperator } from '../commands/registry.ts';
import { closest } from '../commands/suggest.ts';
import { HoldfastError } from '../shared/errors.ts';
import { type Globals, globalFields, splitCommand } from './globals.ts';
import type { LocalCommand } from './host.ts';

/** A command line, understood. */
export interface Request {
  command: AnyCommand | LocalCommand;
  globals: Globals;
  /** What belongs to the command; still to be checked. */
  raw: RawInput;
}

/**
 * Finds the command and sorts the words into its input and the global options. No words at all ask for help, and so does
 * `--help` beside a command.
 *
 * @throws HoldfastError `usage`, with a suggestion where a name is nearly right
 */
export async function understand(
  words: readonly string[],
  locals: readonly LocalCommand[],
  nowMs: number,
): Promise<Request> {
  const { before, found, after } = await findCommand(words, locals);
  const request = sort(found.name, found.input, [...before, ...after], nowMs);
  if (!request.globals.help || found.name === 'help') return { command: found, ...request };
  const topic = after.length === 0 && before.length === words.length ? [] : found.name.split(' ');
  return { command: await mustLoad('help'), globals: request.globals, raw: { topic } };
}

async function findCommand(
  words: readonly string[],
  locals: readonly LocalCommand[],
): Promise<{ before: string[]; found: AnyCommand | LocalCommand; after: string[] }> {
  const { name, before, after } = splitCommand(words);
  if (name === undefined) return { before, found: await mustLoad('help'), after };
  const local = locals.find((command) => command.name === name);
  if (local !== undefined) return { before, found: local, after };
  const [second = '', ...rest] = after;
  const pair = await loadForOperator(`${name} ${second}`);
  if (pair !== undefined) return { before, found: pair, after: rest };
  const single = await loadForOperator(name);
  if (single !== undefined) return { before, found: single, after };
  // `holdfast key --help` explains the family.
  if (/^(-h|--help)$/.test(second)) return { before, found: await mustLoad('help'), after: [name] };
  throw unknownCommand(name, second, locals);
}

async function mustLoad(name: string): Promise<AnyCommand> {
  const command = await loadCommand(name);
  if (command === undefined) throw new Error(`the registry has no ${name}`);
  return command;
}

function unknownCommand(name: string, second: string, locals: readonly LocalCommand[]): HoldfastError {
  const family = [...commandNames, ...configuredNames].filter((known) => known.startsWith(`${name} `));
  if (family.length > 0) {
    return new HoldfastError('usage', `${name} needs one more word`, { advice: `Use ${family.join(', ')}.` });
  }
  const known = [...commandNames, ...configuredNames, ...locals.map((command) => command.name)];
  const meant = closest(`${name} ${second}`.trim(), known) ?? closest(name, known);
  return new HoldfastError('usage', `There is no command ${JSON.stringify(name)}`, {
    advice: meant === undefined ? 'See holdfast help.' : `Did you mean ${meant}?`,
  });
}

function sort(name: string, input: Fields, words: string[], nowMs: number): { globals: Globals; raw: RawInput } {
  const all = Object.entries(parseWords(name, { ...globalFields, ...input }, words));
  const own = Object.fromEntries(all.filter(([key]) => key in input));
  const general = Object.fromEntries(all.filter(([key]) => key in globalFields));
  return { globals: parseInput(globalFields, general, { nowMs }) as Globals, raw: own };
}
