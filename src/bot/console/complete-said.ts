import type { AnyCommand } from '../../commands/command.ts';
import type { Field } from '../../commands/field.ts';
import { optionName, type RawInput } from '../../commands/parse-input.ts';
import type { ChatCommands } from '../chat/chat-commands.ts';
import { parseSaid, saidFields } from '../said-words.ts';

/** A value that is being typed. */
export interface HalfTyped {
  command: AnyCommand;
  /** Name of the field in the command's input. */
  field: string;
  partial: string;
  /** What was said before it. */
  raw: RawInput;
}

/** Asks for what a value may become. */
export type Suggest = (typed: HalfTyped) => Promise<readonly string[]>;

/** What the last word of a line may become, and that word, as readline wants it. */
export async function completeSaid(
  commands: ChatCommands,
  line: string,
  suggest: Suggest,
): Promise<[candidates: string[], word: string]> {
  const words = line.replace(/^\s*\//, '').split(/\s+/);
  const partial = words.pop() ?? '';
  const slash = words.length === 0 && line.trimStart().startsWith('/') ? '/' : '';
  const found = await candidates(commands, words, partial, suggest);
  const fitting = [...new Set(found)].filter((candidate) => candidate.startsWith(partial));
  return [fitting.map((candidate) => slash + candidate + (/[/:]$/.test(candidate) ? '' : ' ')), slash + partial];
}

async function candidates(
  commands: ChatCommands,
  words: readonly string[],
  partial: string,
  suggest: Suggest,
): Promise<string[]> {
  const names = commands.names();
  const length = [2, 1].find((count) => words.length >= count && names.includes(words.slice(0, count).join(' '))) ?? 0;
  const command = await commands.load(words.slice(0, length).join(' '));
  if (command === undefined) return nextWords(commands, words);
  const raw = said(command, words.slice(length));
  const values = async (key: string, field: Field<unknown>, typed: string): Promise<readonly string[]> =>
    field.kind === 'flag' ? ['yes', 'no'] : suggest({ command, field: key, partial: typed, raw });
  const fields = Object.entries(saidFields(command.input));
  const [named = ''] = /^[a-z][a-z0-9-]*:/.exec(partial) ?? [];
  const option = fields.find(([key]) => `${optionName(key)}:` === named);
  if (option !== undefined) {
    const [key, field] = option;
    return (await values(key, field, partial.slice(named.length))).map((value) => named + value);
  }
  const open = fields.filter(([key, { kind }]) => kind === 'list' || raw[key] === undefined);
  const next = open.find(([, { position }]) => position !== undefined);
  const offered = next === undefined ? [] : await values(next[0], next[1], partial);
  return [
    ...offered,
    ...open.flatMap(([key, { position }]) => (position === undefined ? [`${optionName(key)}:`] : [])),
  ];
}

/** Half a line may be wrong yet. */
function said(command: AnyCommand, words: readonly string[]): RawInput {
  try {
    return parseSaid(command.name, command.input, words);
  } catch {
    return {};
  }
}

/** The next word of every command whose name begins as typed. */
function nextWords(commands: ChatCommands, words: readonly string[]): string[] {
  const before = words.map((word) => `${word} `).join('');
  const names = commands.names().filter((name) => name.startsWith(before));
  return names.map((name) => name.split(' ')[words.length] ?? '');
}
