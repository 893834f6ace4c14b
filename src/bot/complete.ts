import type { AnyCommand, CommandSource } from '../commands/command.ts';
import type { CompletionSource, Field } from '../commands/field.ts';
import { optionName } from '../commands/parse-input.ts';

/** Asks for candidates; `words` are those typed after the command's name, without the one that is being typed. */
export type Candidates = (source: CompletionSource, partial: string, words: readonly string[]) => Promise<string[]>;

/** What `partial`, the last of the words typed so far, may become. Never rejects: half-typed input is no error. */
export async function complete(
  commands: CommandSource,
  words: readonly string[],
  partial: string,
  candidates: Candidates,
): Promise<string[]> {
  const found = await findCommand(commands, words);
  if (found === undefined) return completeName(commands, words, partial);
  try {
    const offered = await offer(found.command, found.rest, partial, candidates);
    return offered.filter((candidate) => candidate.startsWith(partial));
  } catch {
    return [];
  }
}

async function findCommand(
  commands: CommandSource,
  words: readonly string[],
): Promise<{ command: AnyCommand; rest: readonly string[] } | undefined> {
  for (const length of [2, 1]) {
    const command = words.length >= length ? await commands.load(words.slice(0, length).join(' ')) : undefined;
    if (command !== undefined) return { command, rest: words.slice(length) };
  }
  return undefined;
}

/** The next word of every command whose name begins with what was typed. */
function completeName(commands: CommandSource, words: readonly string[], partial: string): string[] {
  const typed = [...words, partial].join(' ');
  const next = commands.names().filter((name) => name.startsWith(typed));
  return [...new Set(next.map((name) => name.split(' ')[words.length] ?? ''))];
}

async function offer(
  command: AnyCommand,
  words: readonly string[],
  partial: string,
  candidates: Candidates,
): Promise<string[]> {
  const fields = Object.entries(command.input);
  const waiting = waitingOption(fields, words);
  if (waiting !== undefined) return valuesOf(waiting, partial, words, candidates);
  if (partial.startsWith('-')) return fields.flatMap(([key, field]) => optionNames(key, field));
  const positional = fields.filter(([, field]) => field.position !== undefined);
  const index = countOperands(fields, words);
  const field = (positional[index] ?? positional.at(-1))?.[1];
  if (field === undefined || (index >= positional.length && field.kind !== 'list')) return [];
  return valuesOf(field, partial, words, candidates);
}

function optionNames(key: string, field: Field<unknown>): string[] {
  if (field.position !== undefined) return [];
  const name = optionName(key);
  return field.deniable ? [`--${name}`, `--no-${name}`] : [`--${name}`];
}

/** The option whose value is being typed. */
function waitingOption(fields: [string, Field<unknown>][], words: readonly string[]): Field<unknown> | undefined {
  const last = words.at(-1);
  if (last === undefined || !last.startsWith('-') || last.includes('=')) return undefined;
  const found = fields.find(([key, field]) => last === `--${optionName(key)}` || last === `-${field.short}`)?.[1];
  return found?.position === undefined && found?.kind !== 'flag' ? found : undefined;
}

function countOperands(fields: [string, Field<unknown>][], words: readonly string[]): number {
  return words.filter((word, i) => !word.startsWith('-') && waitingOption(fields, words.slice(0, i)) === undefined)
    .length;
}

async function valuesOf(
  field: Field<unknown>,
  partial: string,
  words: readonly string[],
  candidates: Candidates,
): Promise<string[]> {
  if (field.choices !== undefined) return [...field.choices];
  return field.completes === undefined ? [] : candidates(field.completes, partial, words);
}
